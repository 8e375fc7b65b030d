#pragma once
/// A TorchScript file as a backbone: its code runs as it is, its parameters and buffers are the network's
/// tensors.

#include <memory>
#include <vector>

#include "network/layers.h"

namespace svhn::network {

/// @returns the floating point parameters and buffers of the file, in its order.
/// @throws core::Error(model) when there is no such file or LibTorch cannot read it.
std::vector<model::ScriptTensor> script_tensors(const model::BackboneSpec& spec);

/// Starts from the file's values, which it writes into the network's tensors. Modules none of whose
/// parameters are trained stay in inference mode, as a frozen batch norm of Keras does. Runs in float32
/// whatever the precision.
/// @throws core::Error(model) when the file is not there, cannot be read or has other tensors than the plan.
std::unique_ptr<Layer> make_script(const model::LayerPlan& plan, const FindTensor& tensor);

}  // namespace svhn::network
