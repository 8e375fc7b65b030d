#pragma once
/// Which layers' outputs are shown or taken as features.

#include <cstddef>
#include <string>
#include <vector>

#include "model/plan.h"

namespace svhn::interpret {

/// A layer whose output is looked at.
struct LayerChoice {
  std::string name;
  std::size_t index = 0;  ///< Counted from 0, as in the summary.
  model::Shape shape;     ///< [C,H,W] or [F], without the batch.
  bool softmax = false;   ///< The last layer's: the network itself stops at the logits.
};

/// @param text a layer's name, its number from 0, the type of a layer of which there is only one, or
/// "output", the last layer after softmax.
/// @throws core::Error(usage) with the nearest name.
LayerChoice find_layer(const model::NetworkPlan& plan, const std::string& text);

/// @returns what `activations` shows unless asked otherwise: the layers 0, 5, 6, 8 and 10 of the network of
/// question 2; elsewhere convolutions and poolings, at most eight of them spread over the depth; dense layers
/// where there are no such layers.
std::vector<LayerChoice> default_activation_layers(const model::NetworkPlan& plan);

/// @returns what is embedded unless asked otherwise: the first flatten or global average that has anything
/// before it; in a network of dense layers alone the input of the last one.
LayerChoice default_embedding_layer(const model::NetworkPlan& plan);

}  // namespace svhn::interpret
