#pragma once
/// Places within a network, for passes over a part of it. C, H, W = channels, height, width; shapes exclude
/// the batch.

#include <cstddef>

#include "model/plan.h"

namespace svhn::model {

/// A cut between two operations: before layer `layer`, or behind node `node` of it where that is a backbone
/// (node 0: before its first).
struct CutPoint {
  std::size_t layer = 0;
  std::size_t node = 0;
  bool operator==(const CutPoint&) const = default;
};

/// @returns the shape of what is known at a cut, [C,H,W] or [features].
Shape shape_at(const NetworkPlan& plan, CutPoint cut);

/// @returns how many tensors the network has before a cut; they are the first of `Network::tensors()`.
std::size_t tensors_before(const NetworkPlan& plan, CutPoint cut);

/// @returns where the part in front ends that gives the same for an image in every epoch: nothing in it
/// learns or drops out. It holds a backbone, or as much of one as lies before a single result that the rest
/// starts from and that is cheaper to read (4 bytes a number) than to work out; else {0, 0}.
CutPoint frozen_cut(const NetworkPlan& plan);

}  // namespace svhn::model
