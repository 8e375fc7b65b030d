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

/// A tensor of a network under its full name, e.g. "conv2d_1.weight". Copies share the tensor.
struct NamedTensor {
  std::string name;
  torch::Tensor tensor;
  bool trainable = false;
  double l1 = 0.0;  ///< Penalties that the loss adds for this tensor.
  double l2 = 0.0;
};

class FusedLayers;

class Network {
 public:
  /// Makes the tensors and initialises them as Keras does: Glorot uniform weights (Glorot and Bengio 2010,
  /// equation 16), zero biases, batch norm at 1, 0, 0, 1. Every tensor draws from its own stream of (seed,
  /// tensor name).
  /// @param dtype float32, or float64 for checks.
  Network(model::NetworkPlan plan, std::uint64_t seed, BatchNormVariance variance = BatchNormVariance::keras,
          torch::ScalarType dtype = torch::kFloat32);
  Network(Network&&) noexcept;
  ~Network();

  /// @param input [N,C,H,W] of the network's dtype (what is known at `context.first`). @returns logits
  /// [N,classes] in that dtype, softmax NOT applied; or what is known at `context.until`.
  torch::Tensor forward(const torch::Tensor& input, const ForwardContext& context);

  /// Called with each layer's index and output, in order.
  using Visit = std::function<void(std::size_t index, const torch::Tensor& output)>;
  /// As `forward`, and shows every layer's output (in the context's precision).
  torch::Tensor forward_visiting(const torch::Tensor& input, const ForwardContext& context,
                                 const Visit& visit);

  /// Folds batch norms inside layers (backbones) for inference, see Layer::fold; afterwards the network
  /// neither trains nor moves, and `tensors` are no longer what it computes with there. @returns
  /// `<layer>.<norm>` each.
  std::vector<std::string> fold_inside();

  void to(const torch::Device& device);
  [[nodiscard]] torch::Device device() const { return device_; }
  /// @returns that of the tensors.
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
  std::vector<std::unique_ptr<FusedLayers>> fused_;  // By the layer where each starts.
  torch::Device device_ = torch::kCPU;
};

}  // namespace svhn::network
