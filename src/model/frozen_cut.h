#pragma once
/// The cut behind the frozen layers of a network, whose features can be cached.

#include "model/graph/graph.h"

namespace svhn::model {

/// Finds the frozen layers whose features can be cached: no tensor up to the cut is trainable and no dropout
/// is active, so an image has the same features in every epoch.
/// @returns the node whose output the rest of the network starts from: the last one of the frozen layers, at
/// least one backbone among them, or one inside a partly frozen backbone whose output is cheaper to read (4
/// bytes per element) than to compute; no node behind it reads one before it. 0 if there is none.
NodeId frozen_cut(const Graph& graph);

}  // namespace svhn::model
