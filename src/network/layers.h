#pragma once
/// The layers of a network as LibTorch operations.
/// N = batch, C = channels, H = height, W = width, F = features. Tensors are [N,C,H,W] or [N,F].

#include <torch/types.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "kernels/hardware.h"
#include "model/cut_point.h"
#include "model/plan.h"

namespace svhn::distributed {
class ProcessGroup;
}

namespace svhn::network {

/// Options of a forward pass.
struct ForwardContext {
  bool training = false;
  kernels::Precision precision = kernels::Precision::float32;
  std::uint64_t seed = 0;                  ///< Dropout only.
  std::int64_t step = 0;                   ///< Dropout only: optimizer step from the start of the run.
  std::int64_t first_row = 0;              ///< Dropout only: index of the first image in the global batch.
  model::CutPoint first{};                 ///< Start of the pass: the input is this point's activation.
  std::optional<model::CutPoint> until{};  ///< End of the pass; unset: the logits.
  /// Batch norm in training only: statistics are of the images of all processes of the group, which all run
  /// this pass. Borrowed; nullptr: of this process alone.
  distributed::ProcessGroup* group = nullptr;
};

/// Bessel correction of batch norm's running variance. keras: Bessel-corrected after convolutions, biased
/// after dense layers (TensorFlow 2's fused and plain kernels); torch: Bessel-corrected everywhere.
enum class BatchNormVariance { keras, torch };

class Layer {
 public:
  virtual ~Layer() = default;
  /// @param input in the context's precision.
  virtual torch::Tensor forward(const torch::Tensor& input, const ForwardContext& context) = 0;
  /// Folds batch norms inside the layer (a backbone) into copies of its weights; inference only afterwards.
  /// @returns the names of the folded batch norms within the layer.
  virtual std::vector<std::string> fold() { return {}; }
};

/// Finds a tensor of a layer by its role: "weight", "bias", "running_mean" or "running_var".
using FindTensor = std::function<torch::Tensor(const std::string& role)>;

/// @param plan the planned layer. A softmax is not applied: networks return logits.
std::unique_ptr<Layer> make_layer(const model::LayerPlan& plan, const FindTensor& tensor,
                                  BatchNormVariance variance);

}  // namespace svhn::network
