#pragma once
/// Backbones as single layers of a network: the built-in graphs and TorchScript files.

#include <memory>
#include <vector>

#include "network/layers.h"

namespace svhn::network {

/// @param plan a backbone layer. @param tensor finds a tensor by its name within the backbone, e.g.
/// "block1_conv1.weight".
std::unique_ptr<Layer> make_backbone(const model::LayerPlan& plan, const FindTensor& tensor);

/// @returns the floating-point parameters and buffers of a TorchScript file, in its order.
/// @throws core::Error(model) when there is no such file or LibTorch cannot read it.
std::vector<model::ScriptTensor> script_tensors(const model::BackboneSpec& spec);

/// Makes a TorchScript file one layer; its parameters and buffers become the network's tensors, initialised
/// with the file's values. Modules without trainable parameters stay in inference mode, as a frozen batch
/// norm in Keras. Runs in float32 for any precision.
/// @throws core::Error(model) when the file is missing, cannot be read or has other tensors than the plan.
std::unique_ptr<Layer> make_script(const model::LayerPlan& plan, const FindTensor& tensor);

}  // namespace svhn::network
