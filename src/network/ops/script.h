#pragma once
/// TorchScript modules as nodes of a network.

#include <torch/types.h>

#include <memory>
#include <vector>

#include "network/ops/run.h"

namespace svhn::network {

/// @returns the floating-point parameters and buffers of a TorchScript file, in its order.
/// @throws core::Error(model) when there is no such file or LibTorch cannot read it.
std::vector<model::ScriptTensor> script_tensors(const model::BackboneSpec& spec);

/// A TorchScript file whose parameters and buffers are the network's tensors. Modules without trainable
/// parameters stay in inference mode, as a frozen batch norm in Keras. Runs in float32 for any precision.
class ScriptModule {
 public:
  virtual ~ScriptModule() = default;
  /// @throws core::Error(model) when the module fails or gives another shape than the plan says.
  virtual torch::Tensor forward(const torch::Tensor& input, const ForwardContext& context) = 0;
};

/// @param node with a ScriptOp. @param tensors the node's, in the order of its plan.
/// @param take_values fills the tensors with the file's values.
/// @throws core::Error(model) when the file is missing, cannot be read or has other tensors than the plan.
std::shared_ptr<ScriptModule> make_script(const model::Node& node, const std::vector<torch::Tensor>& tensors,
                                          bool take_values);

}  // namespace svhn::network
