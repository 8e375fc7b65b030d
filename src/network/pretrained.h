#pragma once
/// Loads published weights into the backbones of a network. @see model/pretrained/match_weights.h for the
/// files.

#include "model/pretrained/match_weights.h"

namespace svhn::network {

class Network;

/// As model::resolve_variants; also lists the tensors of TorchScript files. Required before planning a
/// network from a config; the spec of a model file is already resolved.
/// @throws core::Error(model) when a file cannot be read or a TorchScript file is missing.
void resolve_backbones(model::ModelSpec& spec);

/// Loads the weights of every backbone, except those with random weights, from the file that its spec names.
/// @throws core::Error(model) when no file is named or it is missing (the hint says where to get it), cannot
/// be read or does not match; the backbone concerned is unchanged then.
void load_backbone_weights(Network& network);

}  // namespace svhn::network
