#pragma once
/// Matches the tensors of a backbone with the arrays of a file of published weights.
///
/// Files use Keras' names (`block1_conv1.weight`; numbered names such as `conv2d_17` may start at any
/// number, and '/' equals '_') or torchvision's (`features.0.weight`, `layer1.0.conv1.weight`, also the
/// older `denselayer1.norm.1.weight`). Classifiers (`predictions`, `fc`, `fc1`, `fc2`, `classifier`,
/// `AuxLogits`, `head`, `pre_logits`) are skipped; every other array must match exactly one tensor.

#include <filesystem>
#include <vector>

#include "model/backbones/backbone.h"
#include "model/pretrained/reader.h"

namespace svhn::model {

/// @returns whether a backbone keeps its random initial values: "weights": "random".
bool has_random_weights(const BackboneSpec& spec);

/// Resolves the automatic variant of every backbone: the variant of its weights where the file exists and
/// both Keras and torchvision have the network, else `variant_of`. Call it before planning a network whose
/// weights will be loaded.
/// @throws core::Error(model) when a file cannot be read.
void resolve_variants(ModelSpec& spec);

/// Finds each tensor of a backbone in a file.
/// @param graph the result of `backbone_graph` for `spec`. @param file its path in messages.
/// @returns the arrays in the order of the graph's nodes and their tensors; they point into `source`.
/// @throws core::Error(model) with the number and the first few names of missing,
/// unexpected and wrongly shaped arrays.
std::vector<const WeightArray*> match_weights(const BackboneSpec& spec, const Graph& graph,
                                              const WeightSource& source, const std::filesystem::path& file);

}  // namespace svhn::model
