#pragma once
/// Running one op. N = batch, C = channels, H = height, W = width, F = features. Tensors are [N,C,H,W] or
/// [N,F].

#include <torch/types.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "kernels/hardware.h"
#include "model/graph/graph.h"

namespace svhn::distributed {
class ProcessGroup;
}

namespace svhn::network {

class ScriptModule;

/// Options of a forward pass.
struct ForwardContext {
  bool training = false;
  kernels::Precision precision = kernels::Precision::float32;
  std::uint64_t seed = 0;                ///< Dropout only.
  std::int64_t step = 0;                 ///< Dropout only: optimizer step from the start of the run.
  std::int64_t first_row = 0;            ///< Dropout only: index of the first image in the global batch.
  model::NodeId first = 0;               ///< Start of the pass: the input is this node's output.
  std::optional<model::NodeId> until{};  ///< End of the pass; unset: the logits.
  /// Batch norm in training only: statistics are of the images of all processes of the group, which all run
  /// this pass. Borrowed; nullptr: of this process alone.
  distributed::ProcessGroup* group = nullptr;
};

/// Bessel correction of batch norm's running variance. keras: Bessel-corrected after convolutions, biased
/// after dense layers (TensorFlow 2's fused and plain kernels); torch: Bessel-corrected everywhere.
enum class BatchNormVariance { keras, torch };

/// What a node's op needs besides its inputs.
struct NodeState {
  std::string name;
  std::vector<torch::Tensor> tensors;  ///< In the order of the op's `infer`.
  bool trainable = true;               ///< False: a batch norm keeps its statistics.
  bool biased_variance = false;        ///< Of a batch norm's running variance, see BatchNormVariance.
  std::shared_ptr<ScriptModule> script;
};

/// The arguments of one node in a forward pass.
struct OpRun {
  const NodeState& node;
  std::vector<torch::Tensor>& inputs;  ///< In the context's precision.
  const ForwardContext& context;

  [[nodiscard]] const torch::Tensor& x() const { return inputs.front(); }
  [[nodiscard]] const torch::Tensor& weight() const { return node.tensors.front(); }
  /// @returns the tensor at an index, or an undefined one.
  [[nodiscard]] torch::Tensor tensor(std::size_t index) const {
    return index < node.tensors.size() ? node.tensors[index] : torch::Tensor();
  }
};

/// Runs an op. A softmax is not applied: networks return logits. @see network/ops/forward.h
torch::Tensor run_op(const model::Operation& op, const OpRun& run);

}  // namespace svhn::network
