#pragma once
/// What layers make of pictures. N = images; C, H, W = channels, height, width; F = features.

#include <torch/types.h>

#include <span>
#include <vector>

#include "interpret/layer_choice.h"
#include "network/network.h"

namespace svhn::interpret {

/// Runs a network in inference mode and keeps the outputs of some layers.
/// @param images f32 [N,C,H,W]. @param layers of the network's plan.
/// @returns f32 [N,C,H,W] or [N,F] for each of `layers`, on the processor.
std::vector<torch::Tensor> layer_outputs(network::Network& network, const torch::Tensor& images,
                                         std::span<const LayerChoice> layers);

}  // namespace svhn::interpret
