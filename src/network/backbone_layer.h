#pragma once
/// Runs a backbone as one layer of a network.

#include <memory>

#include "network/layers.h"

namespace svhn::network {

/// @param plan a layer that is a backbone. @param tensor finds the backbone's tensors by the names of its own
/// layers: "block1_conv1.weight".
std::unique_ptr<Layer> make_backbone(const model::LayerPlan& plan, const FindTensor& tensor);

}  // namespace svhn::network
