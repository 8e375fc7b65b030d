#include "network/network.h"

#include <cmath>

#include "core/error.h"
#include "core/random.h"
#include "network/ops/script.h"

namespace svhn::network {
namespace {

using model::NodeId;
using torch::Tensor;

/// @returns the limit of Glorot's uniform distribution for [out,in] or [out,in,kh,kw].
double glorot_limit(const std::vector<std::int64_t>& shape) {
  std::int64_t window = 1;
  for (std::size_t i = 2; i < shape.size(); ++i) window *= shape[i];
  return std::sqrt(6.0 / static_cast<double>((shape[0] + shape[1]) * window));
}

Tensor glorot_uniform(const model::TensorPlan& plan, std::uint64_t seed) {
  const double limit = glorot_limit(plan.shape);
  Tensor tensor = torch::empty(plan.shape, torch::kFloat64);
  auto* values = static_cast<double*>(tensor.data_ptr());
  core::CounterRandom random(seed, core::stream_id("initialize:" + plan.name));
  for (std::int64_t i = 0; i < tensor.numel(); ++i) values[i] = random.uniform(-limit, limit);
  return tensor;
}

Tensor initial_values(const model::TensorPlan& plan, std::uint64_t seed) {
  switch (plan.role) {
    case model::TensorRole::kernel:
      return glorot_uniform(plan, seed);
    case model::TensorRole::gamma:
    case model::TensorRole::running_var:
      return torch::ones(plan.shape, torch::kFloat64);
    case model::TensorRole::bias:
    case model::TensorRole::beta:
    case model::TensorRole::running_mean:
      break;
  }
  return torch::zeros(plan.shape, torch::kFloat64);
}

Tensor to_precision(const Tensor& input, kernels::Precision precision) {
  return precision == kernels::Precision::bfloat16 ? input.to(torch::kBFloat16) : input;
}

/// The outputs of a pass that are still to be read.
class Outputs {
 public:
  Outputs(const std::vector<int>& uses, NodeId last) : values_(uses.size()), uses_left_(uses) {
    ++uses_left_[last];  // Returned.
  }

  [[nodiscard]] const Tensor& peek(NodeId id) const { return values_[id]; }
  void set(NodeId id, Tensor value) { values_[id] = std::move(value); }

  /// @returns the outputs that a node reads; those that no further node reads are released.
  std::vector<Tensor> take(const std::vector<NodeId>& ids) {
    std::vector<Tensor> inputs;
    inputs.reserve(ids.size());
    for (const NodeId id : ids) inputs.push_back(take(id));
    return inputs;
  }

  Tensor take(NodeId id) {
    if (--uses_left_[id] > 0) return values_[id];
    return std::move(values_[id]);
  }

 private:
  std::vector<Tensor> values_;
  std::vector<int> uses_left_;
};

}  // namespace

Network::Network(model::Graph graph, std::uint64_t seed, BatchNormVariance variance, torch::ScalarType dtype)
    : graph_(std::move(graph)), variance_(variance) {
  make_states(
      [&](const model::TensorPlan& plan) {
        Tensor tensor = initial_values(plan, seed).to(dtype);
        return tensor.set_requires_grad(plan.trainable);
      },
      true);
}

Network::Network(model::Graph graph, const TensorMap& tensors, BatchNormVariance variance)
    : graph_(std::move(graph)), variance_(variance) {
  make_states([&](const model::TensorPlan& plan) { return tensors.at(plan.name); }, false);
  if (!tensors_.empty()) device_ = tensors_.front().tensor.device();
}

void Network::make_states(const MakeTensor& make, bool take_script_values) {
  for (const model::Node& node : graph_.nodes) {
    NodeState state{node.name, {}, node.trainable, false, nullptr};
    for (const model::TensorPlan& plan : node.tensors) {
      tensors_.push_back({plan.name, make(plan), plan.trainable, plan.l1, plan.l2});
      state.tensors.push_back(tensors_.back().tensor);
    }
    state.biased_variance = variance_ == BatchNormVariance::keras && node.output.size() == 1;
    if (std::holds_alternative<model::ScriptOp>(node.op))
      state.script = make_script(node, state.tensors, take_script_values);
    states_.push_back(std::move(state));
  }
  uses_ = model::use_counts(graph_);
  fusion_ = fuse(graph_);
}

void Network::to(const torch::Device& device) {
  device_ = device;
  for (auto& item : tensors_) item.tensor.set_data(item.tensor.detach().to(device));
}

Tensor Network::forward(const Tensor& input, const ForwardContext& context) {
  return forward_visiting(input, context, {});
}

Tensor Network::forward_visiting(const Tensor& input, const ForwardContext& context, const Visit& visit) {
  const NodeId last = context.until.value_or(graph_.output_node());
  Outputs outputs(uses_, last);
  outputs.set(context.first, to_precision(input, context.precision));
  const auto run_one = [&](NodeId id) {
    const model::Node& node = graph_.nodes[id];
    std::vector<Tensor> inputs = outputs.take(node.inputs);
    Tensor y = run_op(node.op, {states_[id], inputs, context});
    if (visit) visit(id, y);
    outputs.set(id, std::move(y));
  };
  for (NodeId id = context.first + 1; id <= last; ++id) {
    const FusedNodes* fused = visit ? nullptr : fusion_.block_of(id);
    if (fused == nullptr || fused->first() <= context.first || fused->last() > last) {
      run_one(id);
    } else if (id == fused->last()) {  // By then, all that the block reads is there.
      const std::vector<NodeId>& reads = graph_.nodes[fused->first()].inputs;
      if (fused->supports(outputs.peek(reads.front()), context)) {
        std::vector<Tensor> inputs = outputs.take(reads);
        outputs.set(id, fused->forward(inputs, states_, context));
      } else {
        for (const NodeId part : fused->nodes()) run_one(part);
      }
    }
  }
  return outputs.take(last).to(input.scalar_type());
}

}  // namespace svhn::network
