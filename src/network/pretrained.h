#pragma once
/// Loads published weights into the backbones of a network; model/backbone_match.h says what the files hold.

#include "model/pretrained/match_weights.h"

namespace svhn::network {

class Network;

/// As `resolve_variants`, and lists the tensors of TorchScript files. To be done before a network is planned
/// that is to be trained from a config; a model file's spec is settled already.
/// @throws core::Error(model) when a file cannot be read or a TorchScript file is missing.
void resolve_backbones(model::ModelSpec& spec);

/// Loads the weights of every backbone that is not random, each from the file that it names.
/// @throws core::Error(model): no weights named or no such file (with where to get them), or see above;
/// nothing has been changed then in the backbone at fault.
void load_backbone_weights(Network& network);

}  // namespace svhn::network
