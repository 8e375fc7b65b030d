#pragma once
/// Finds the tensors of a backbone among the arrays of a file of published weights.
///
/// Files use Keras' names (`block1_conv1.weight`; counted names such as `conv2d_17` may start at any number,
/// and
/// '/' means '_') or torchvision's (`features.0.weight`, `layer1.0.conv1.weight`, also the older
/// `denselayer1.norm.1.weight`). Classifiers (`predictions`, `fc`, `fc1`, `fc2`, `classifier`, `AuxLogits`,
/// `head`) are skipped; every other array must match exactly one tensor.

#include <filesystem>
#include <vector>

#include "model/backbones/backbone.h"
#include "model/pretrained/reader.h"

namespace svhn::model {

/// @returns whether a backbone starts from its initial values: "weights": "random".
bool has_random_weights(const BackboneSpec& spec);

/// Gives every backbone whose variant is automatic the one that its weights have, where the file is there and
/// Keras' and torchvision's networks differ. To be done before a network is planned whose weights will be
/// loaded.
/// @throws core::Error(model) when a file cannot be read.
void resolve_variants(ModelSpec& spec);

/// Finds each tensor of a backbone in a file.
/// @param graph what `backbone_graph` gave for `spec`. @param file how messages call the file.
/// @returns the arrays in the order of the graph's nodes and their tensors; they point into `source`.
/// @throws core::Error(model) listing the first few and the number of missing, unexpected and wrongly shaped
/// arrays.
std::vector<const WeightArray*> match_weights(const BackboneSpec& spec, const Graph& graph,
                                              const WeightSource& source, const std::filesystem::path& file);

}  // namespace svhn::model
