#pragma once
/// A planned network with its tensors, ready to run. N = batch; tensors are [N,C,H,W] or [N,F].

#include <torch/types.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "model/plan.h"
#include "network/layers.h"

namespace svhn::network {

/// A tensor of a network with its full name, e.g. "conv2d_1.weight". Copies share the tensor.
struct NamedTensor {
  std::string name;
  torch::Tensor tensor;
  bool trainable = false;
  double l1 = 0.0;  ///< Factor of the L1 penalty in the loss.
  double l2 = 0.0;  ///< Factor of the L2 penalty.
};

class FusedLayers;

class Network {
 public:
  /// Creates the tensors and initialises them as Keras: Glorot uniform weights (Glorot and Bengio 2010,
  /// equation 16), zero biases, batch norm at 1, 0, 0, 1. Every tensor has its own random stream, of (seed,
  /// tensor name).
  /// @param dtype float32, or float64 for checks.
  Network(model::NetworkPlan plan, std::uint64_t seed, BatchNormVariance variance = BatchNormVariance::keras,
          torch::ScalarType dtype = torch::kFloat32);
  Network(Network&&) noexcept;
  ~Network();

  /// @param input [N,C,H,W] of the network's dtype (or the activation at `context.first`).
  /// @returns logits [N,classes] in that dtype, softmax NOT applied; or the activation at `context.until`.
  torch::Tensor forward(const torch::Tensor& input, const ForwardContext& context);

  /// Called with each layer's index and output, in order.
  using Visit = std::function<void(std::size_t index, const torch::Tensor& output)>;
  /// As `forward`, and calls `visit` for every layer (output in the context's precision).
  torch::Tensor forward_visiting(const torch::Tensor& input, const ForwardContext& context,
                                 const Visit& visit);

  /// Folds batch norms inside backbones for inference, see Layer::fold. Afterwards the network must not be
  /// trained or moved to another device, and no longer computes with the backbones' `tensors`.
  /// @returns the folded batch norms as `<layer>.<norm>`.
  std::vector<std::string> fold_backbones();

  void to(const torch::Device& device);
  [[nodiscard]] torch::Device device() const { return device_; }
  /// @returns the dtype of the tensors.
  [[nodiscard]] torch::ScalarType dtype() const {
    return tensors_.empty() ? torch::kFloat32 : tensors_.front().tensor.scalar_type();
  }
  [[nodiscard]] BatchNormVariance variance() const { return variance_; }
  [[nodiscard]] const model::NetworkPlan& plan() const { return plan_; }
  [[nodiscard]] const std::vector<std::int64_t>& input_shape() const { return plan_.input; }  ///< C,H,W
  /// @returns every tensor, in the plan's order.
  [[nodiscard]] const std::vector<NamedTensor>& tensors() const { return tensors_; }

 private:
  void make_tensors(std::uint64_t seed, torch::ScalarType dtype);
  [[nodiscard]] torch::Tensor find(const std::string& name) const;

  model::NetworkPlan plan_;
  BatchNormVariance variance_;
  std::vector<NamedTensor> tensors_;
  std::vector<std::unique_ptr<Layer>> layers_;
  std::vector<std::unique_ptr<FusedLayers>> fused_;  // Indexed by the first layer of each.
  torch::Device device_ = torch::kCPU;
};

}  // namespace svhn::network
