#pragma once
/// Published weights into the backbones of a network.
/// Files say Keras' names (`block1_conv1.weight`; counted names such as `conv2d_17` may start anywhere, '/'
/// is
/// '_') or torchvision's (`features.0.weight`, `layer1.0.conv1.weight`, its older `denselayer1.norm.1.weight`
/// too). Classifiers (`predictions`, `fc`, `fc1`, `fc2`, `classifier`, `AuxLogits`, `head`) are left out
/// knowingly; everything else must fit one to one.

#include <cstddef>
#include <filesystem>
#include <vector>

#include "svhn/model/backbone.h"
#include "svhn/model/weight_source.h"

namespace svhn::model {

class Network;

/// @returns whether a backbone starts from its initial values: "weights": "random".
bool has_random_weights(const BackboneSpec& spec);

/// Gives every backbone whose variant is automatic the one that its weights have, where the file is there and
/// Keras' and torchvision's networks differ. To be done before a network is planned whose weights will be
/// loaded.
/// @throws core::Error(model) when a file cannot be read.
void settle_variants(ModelSpec& spec);

/// As `settle_variants`, and lists the tensors of TorchScript files. To be done before a network is planned
/// that is to be trained from a config; a model file's spec is settled already.
/// @throws core::Error(model) when a file cannot be read or a TorchScript file is missing.
void settle_backbones(ModelSpec& spec);

/// Finds each tensor of a backbone in a file.
/// @param graph what `backbone_graph` gave for `spec`. @param file how messages call the file.
/// @returns the arrays in the order of the graph's nodes and their tensors; they point into `source`.
/// @throws core::Error(model) listing the first few and the number of missing, unexpected and wrongly shaped
/// arrays.
std::vector<const WeightArray*> match_weights(const BackboneSpec& spec, const Graph& graph,
                                              const WeightSource& source, const std::filesystem::path& file);

/// Loads the weights of every backbone that is not random, each from the file that it names.
/// @throws core::Error(model): no weights named or no such file (with where to get them), or see above;
/// nothing has been changed then in the backbone at fault.
void load_backbone_weights(Network& network);

}  // namespace svhn::model
