#pragma once
/// A graph with its tensors, ready to run. N = batch; tensors are [N,C,H,W] or [N,F].

#include <torch/types.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "model/graph/graph.h"
#include "network/fuse.h"
#include "network/ops/run.h"

namespace svhn::network {

/// A tensor of a network with its full name, e.g. "conv2d_1.weight". Copies share the tensor.
struct NamedTensor {
  std::string name;
  torch::Tensor tensor;
  bool trainable = false;
  double l1 = 0.0;  ///< Factor of the L1 penalty in the loss.
  double l2 = 0.0;  ///< Factor of the L2 penalty.
};

using TensorMap = std::unordered_map<std::string, torch::Tensor>;

class Network {
 public:
  /// Creates the tensors and initialises them as Keras: Glorot uniform weights (Glorot and Bengio 2010,
  /// equation 16), zero biases, batch norm at 1, 0, 0, 1. Every tensor has its own random stream, of (seed,
  /// tensor name).
  /// @param graph of `model::plan_network`. @param dtype float32, or float64 for checks.
  Network(model::Graph graph, std::uint64_t seed, BatchNormVariance variance = BatchNormVariance::keras,
          torch::ScalarType dtype = torch::kFloat32);
  /// Takes the tensors, which are on one device, by their names.
  Network(model::Graph graph, const TensorMap& tensors, BatchNormVariance variance);

  /// @param input [N,C,H,W] of the network's dtype (or the output of node `context.first`).
  /// @returns logits [N,classes] in that dtype, softmax NOT applied; or the output of node `context.until`.
  torch::Tensor forward(const torch::Tensor& input, const ForwardContext& context);

  /// Called with each node and its output, in order.
  using Visit = std::function<void(model::NodeId id, const torch::Tensor& output)>;
  /// As `forward`, and calls `visit` for every node (output in the context's precision).
  torch::Tensor forward_visiting(const torch::Tensor& input, const ForwardContext& context,
                                 const Visit& visit);

  /// @param temperature the logits of inference are divided by it (inference/session.h); `forward` does not.
  void set_temperature(double temperature) { temperature_ = temperature; }
  [[nodiscard]] double temperature() const { return temperature_; }

  void to(const torch::Device& device);
  [[nodiscard]] torch::Device device() const { return device_; }
  /// @returns the dtype of the tensors.
  [[nodiscard]] torch::ScalarType dtype() const {
    return tensors_.empty() ? torch::kFloat32 : tensors_.front().tensor.scalar_type();
  }
  [[nodiscard]] BatchNormVariance variance() const { return variance_; }
  [[nodiscard]] const model::Graph& graph() const { return graph_; }
  [[nodiscard]] const std::vector<std::int64_t>& input_shape() const { return graph_.input(); }  ///< C,H,W
  /// @returns every tensor, in the order of the nodes.
  [[nodiscard]] const std::vector<NamedTensor>& tensors() const { return tensors_; }
  /// @returns the state of a node: its tensors, in the order of its op.
  [[nodiscard]] const NodeState& state(model::NodeId id) const { return states_[id]; }

 private:
  using MakeTensor = std::function<torch::Tensor(const model::TensorPlan&)>;
  void make_states(const MakeTensor& make, bool take_script_values);

  model::Graph graph_;
  BatchNormVariance variance_;
  std::vector<NamedTensor> tensors_;
  std::vector<NodeState> states_;  ///< Indexed by node.
  std::vector<int> uses_;          ///< How many nodes read each node's output.
  Fusion fusion_;
  torch::Device device_ = torch::kCPU;
  double temperature_ = 1.0;
};

}  // namespace svhn::network
