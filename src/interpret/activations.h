#pragma once
/// The activations of a network: which layers, and their outputs. N = images; C, H, W = channels, height,
/// width; F = features.

#include <torch/types.h>

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "model/graph/graph.h"
#include "network/network.h"

namespace svhn::interpret {

/// A layer whose output is used.
struct LayerChoice {
  std::string name;        ///< Of a node inside a backbone: `vgg16.block5_conv3`.
  std::size_t index = 0;   ///< Of the layer, from 0, as in the summary.
  model::NodeId node = 0;  ///< The node whose output is used.
  model::Shape shape;      ///< Output shape [C,H,W] or [F], without the batch.
  bool softmax = false;    ///< Apply softmax: the last layer's output in the network is the logits.
};

/// Finds a layer of a network, or a node inside a backbone.
/// @param text a layer's name, its index from 0, a type of which the network has one layer, a name inside a
/// backbone (`block5_conv3`, or `vgg16.block5_conv3`), or "output" for the last layer after softmax.
/// @throws core::Error(usage) for an unknown layer, with the nearest name.
LayerChoice find_layer(const model::Graph& graph, const std::string& text);

/// @returns the layers whose activations are shown by default: the layers 0, 5, 6, 8 and 10 of the network of
/// question 2; for other networks at most eight convolution and pooling layers, spread evenly over the depth;
/// dense layers where there are none of these.
std::vector<LayerChoice> default_activation_layers(const model::Graph& graph);

/// @returns the layer that is embedded by default: the first flatten or global average pooling that is not
/// the first layer; in a network without one the input of the last dense layer.
LayerChoice default_embedding_layer(const model::Graph& graph);

/// Runs a network in inference mode and returns the outputs of some layers.
/// @param images f32 [N,C,H,W]. @param layers of the network's plan.
/// @returns f32 [N,C,H,W] or [N,F] for each of `layers`, on the CPU.
std::vector<torch::Tensor> layer_outputs(network::Network& network, const torch::Tensor& images,
                                         std::span<const LayerChoice> layers);

}  // namespace svhn::interpret
