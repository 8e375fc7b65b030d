#pragma once
/// A TorchScript file as a backbone: its code runs as it is, its parameters and buffers are the network's
/// tensors.

#include <memory>
#include <vector>

#include "svhn/model/layers.h"

namespace svhn::model {

/// @returns the floating point parameters and buffers of the file, in its order.
/// @throws core::Error(model) when there is no such file or LibTorch cannot read it.
std::vector<ScriptTensor> script_tensors(const BackboneSpec& spec);

/// Starts from the file's values, which it writes into the network's tensors. Modules none of whose
/// parameters are trained stay in inference mode, as a frozen batch norm of Keras does. Runs in float32
/// whatever the precision.
/// @throws core::Error(model) when the file is not there, cannot be read or has other tensors than the plan.
std::unique_ptr<Layer> make_script(const LayerPlan& plan, const FindTensor& tensor);

}  // namespace svhn::model
