#pragma once
/// Places within a network, for passes over a part of it. C, H, W = channels, height, width; shapes exclude
/// the batch.

#include <cstddef>

#include "model/plan.h"

namespace svhn::model {

/// A place between two operations: before layer `layer`, or behind node `node` of it where that is a backbone
/// (node 0: before its first).
struct Place {
  std::size_t layer = 0;
  std::size_t node = 0;
  bool operator==(const Place&) const = default;
};

/// @returns the shape of what is known at a place, [C,H,W] or [features].
Shape shape_at(const NetworkPlan& plan, Place place);

/// @returns how many tensors the network has before a place; they are the first of `Network::tensors()`.
std::size_t tensors_before(const NetworkPlan& plan, Place place);

/// @returns where the part in front ends that gives the same for an image in every epoch: nothing in it
/// learns or drops out. It holds a backbone, or as much of one as lies before a single result that the rest
/// starts from and that is cheaper to read (4 bytes a number) than to work out; else {0, 0}.
Place frozen_place(const NetworkPlan& plan);

}  // namespace svhn::model
