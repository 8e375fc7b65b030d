#pragma once
/// Cut points of a network, for forward passes over a part of it. C, H, W = channels, height, width; shapes
/// exclude the batch.

#include <cstddef>

#include "model/plan.h"

namespace svhn::model {

/// A cut between two operations: before layer `layer`, or, inside a backbone, after its node `node` (0:
/// before the first node).
struct CutPoint {
  std::size_t layer = 0;
  std::size_t node = 0;
  bool operator==(const CutPoint&) const = default;
};

/// @returns the shape of the activations at a cut, [C,H,W] or [features].
Shape shape_at(const NetworkPlan& plan, CutPoint cut);

/// @returns the number of the network's tensors before a cut; they come first in `Network::tensors()`.
std::size_t tensors_before(const NetworkPlan& plan, CutPoint cut);

/// Finds the frozen layers whose features can be cached: no tensor before the cut is trainable and no dropout
/// is active, so an image has the same features in every epoch.
/// @returns the cut after at least one frozen backbone, or inside a partly frozen one, after a node on which
/// alone the rest depends and whose output is cheaper to read (4 bytes per element) than to compute; {0, 0}
/// if there is none.
CutPoint frozen_cut(const NetworkPlan& plan);

}  // namespace svhn::model
