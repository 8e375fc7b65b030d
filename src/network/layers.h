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

/// What a forward pass is for.
struct ForwardContext {
  bool training = false;
  kernels::Precision precision = kernels::Precision::float32;
  std::uint64_t seed = 0;      ///< Dropout only.
  std::int64_t step = 0;       ///< Dropout only: optimizer step from the start of the run.
  std::int64_t first_row = 0;  ///< Dropout only: place of the first image in the global batch.
  model::CutPoint first{};     ///< What lies before it is left out: the input is what that would have given.
  std::optional<model::CutPoint> until{};  ///< The pass ends there; unset: at the logits.
  /// Training's batch norms only: take the statistics of the images of all its processes, which all run this
  /// pass. Borrowed; nullptr: of this process alone.
  distributed::ProcessGroup* group = nullptr;
};

/// How batch norm keeps its running variance. keras: Bessel-corrected after convolutions, biased after dense
/// layers (TensorFlow 2's fused and plain kernels); torch: Bessel-corrected everywhere.
enum class BatchNormVariance { keras, torch };

class Layer {
 public:
  virtual ~Layer() = default;
  /// @param input this layer's input, in the context's precision.
  virtual torch::Tensor forward(const torch::Tensor& input, const ForwardContext& context) = 0;
  /// Takes batch norms inside the layer into its own copies of weights, for inference from then on.
  /// @returns their names within the layer; most layers have none.
  virtual std::vector<std::string> fold() { return {}; }
};

/// Finds a layer's own tensor by its role: "weight", "bias", "running_mean" or "running_var".
using FindTensor = std::function<torch::Tensor(const std::string& role)>;

/// @param plan the layer's place in a planned network. The last layer's softmax is left out: it is for
/// reading.
std::unique_ptr<Layer> make_layer(const model::LayerPlan& plan, const FindTensor& tensor,
                                  BatchNormVariance variance);

}  // namespace svhn::network
