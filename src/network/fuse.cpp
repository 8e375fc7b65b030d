#include "network/fuse.h"

#include <utility>

#include "core/random.h"
#include "kernels/norm_block.h"
#include "network/ops/tensor_ops.h"

namespace svhn::network {
namespace {

using kernels::BlockActivation;
using model::Activation;
using model::Graph;
using model::Node;
using model::NodeId;
using torch::Tensor;

constexpr NodeId kNone = 0;  // The input reads nothing.

/// @returns for each node the one node that reads it, if that node reads nothing else, else kNone.
std::vector<NodeId> sole_readers(const Graph& graph) {
  const std::vector<int> uses = model::use_counts(graph);
  std::vector<NodeId> readers(graph.nodes.size(), kNone);
  for (NodeId id = 1; id < graph.nodes.size(); ++id) {
    const Node& node = graph.nodes[id];
    if (node.inputs.size() == 1 && uses[node.inputs[0]] == 1) readers[node.inputs[0]] = id;
  }
  return readers;
}

bool halves(const Graph& graph, const Node& node) {
  const auto* pool = std::get_if<model::MaxPool2dOp>(&node.op);
  if (pool == nullptr) return false;
  const model::Window window = pool->window.resolved();
  const model::Shape& x = graph.nodes[node.inputs[0]].output;
  return window.height == 2 && window.width == 2 && window.stride == 2 &&
         window.pad == model::WindowPad::valid && x[1] % 2 == 0 && x[2] % 2 == 0;
}

/// Finds the parts of one block.
class Finder {
 public:
  Finder(const Graph& graph, const std::vector<NodeId>& readers) : graph_(graph), readers_(readers) {}

  /// @returns the longest block that starts at a node; no nodes if there is none.
  FusedNodes::Parts find(NodeId first) {
    parts_.nodes = {first};
    const Node& node = graph_.nodes[first];
    if (has_activation(node.op)) {
      parts_.source = node.op;
      parts_.activation = model::take_activation(*parts_.source);
      take_activation();
      if (!parts_.merged || !runs_alone(node.op)) take_norm();
    } else if (!starts_with_norm(node)) {
      return {};
    }
    if (parts_.norm) take_relu();
    take_pool();
    take_dropout();
    return worth_it() ? std::move(parts_) : FusedNodes::Parts{};
  }

 private:
  [[nodiscard]] static bool has_activation(const model::Operation& op) {
    return std::holds_alternative<model::Conv2dOp>(op) || std::holds_alternative<model::DenseOp>(op) ||
           std::holds_alternative<model::DepthwiseConv2dOp>(op) ||
           std::holds_alternative<model::SeparableConv2dOp>(op) || std::holds_alternative<model::AddOp>(op);
  }

  /// @returns the node behind the block, or nullptr where other nodes read the block's output, too.
  [[nodiscard]] const Node* next() const {
    const NodeId reader = readers_[parts_.nodes.back()];
    return reader == kNone ? nullptr : &graph_.nodes[reader];
  }

  template <class Op>
  [[nodiscard]] const Op* next_as() const {
    const Node* node = next();
    return node == nullptr ? nullptr : std::get_if<Op>(&node->op);
  }

  void take() { parts_.nodes.push_back(readers_[parts_.nodes.back()]); }

  void take_activation() {
    const auto* op = next_as<model::ActivationOp>();
    if (op == nullptr || parts_.activation != Activation::linear) return;
    parts_.activation = op->activation;
    parts_.merged = true;
    take();
  }

  /// A batch norm behind a convolution or dense layer with a separate activation runs alone, as it did when
  /// checkpoints of such networks were written: so they go on to the same bytes.
  [[nodiscard]] static bool runs_alone(const model::Operation& op) {
    return std::holds_alternative<model::Conv2dOp>(op) || std::holds_alternative<model::DenseOp>(op);
  }

  /// Batch norms of a backbone run alone: the sums of checkpoints written so far are theirs.
  [[nodiscard]] bool is_own_layer(const Node& node) const {
    return !std::holds_alternative<model::BackboneSpec>(graph_.layers[node.layer].spec.op);
  }

  void set_norm(NodeId id) {
    parts_.norm = std::get<model::BatchNormOp>(graph_.nodes[id].op);
    parts_.norm_node = id;
    parts_.frozen = !graph_.nodes[id].trainable;
  }

  void take_norm() {
    if (next_as<model::BatchNormOp>() == nullptr || !is_own_layer(*next())) return;
    take();
    set_norm(parts_.nodes.back());
  }

  /// A batch norm can be the first node where others, too, read what it normalises, as in a pre-activation
  /// residual block, and where a ReLU follows.
  bool starts_with_norm(const Node& node) {
    if (!std::holds_alternative<model::BatchNormOp>(node.op) || !is_own_layer(node)) return false;
    const auto* op = next_as<model::ActivationOp>();
    if (readers_[node.inputs[0]] != kNone || op == nullptr || op->activation != Activation::relu)
      return false;
    set_norm(parts_.nodes.front());
    return true;
  }

  void take_relu() {
    const auto* op = next_as<model::ActivationOp>();
    if (op == nullptr || op->activation != Activation::relu) return;
    parts_.relu = true;
    take();
  }

  void take_pool() {
    if (next() == nullptr || !halves(graph_, *next()) || !is_exact()) return;
    parts_.pool = true;
    take();
  }

  void take_dropout() {
    const auto* op = next_as<model::DropoutOp>();
    if (op == nullptr || parts_.relu || (parts_.merged && !parts_.norm)) return;
    take();
    parts_.dropout_rate = op->rate;
    parts_.dropout_stream = core::stream_id("dropout:" + graph_.nodes[parts_.nodes.back()].name);
  }

  /// @returns whether the kernel gives a separate activation the bits of LibTorch's.
  [[nodiscard]] bool is_exact() const {
    return !parts_.merged || parts_.norm || parts_.activation == Activation::relu;
  }

  /// Alone, a ReLU runs in place, and LibTorch's other activations need no block.
  [[nodiscard]] bool worth_it() const {
    const auto own = block_activation(parts_.activation);
    const bool kernel = own && *own != BlockActivation::linear && *own != BlockActivation::relu;
    return parts_.norm || parts_.pool || parts_.merged || (kernel && runs_alone(*parts_.source));
  }

  const Graph& graph_;
  const std::vector<NodeId>& readers_;
  FusedNodes::Parts parts_;
};

}  // namespace

bool FusedNodes::runs_block(const Tensor& x, const ForwardContext& context) const {
  const bool known = x.scalar_type() == torch::kFloat32 || x.scalar_type() == torch::kBFloat16;
  if (!x.device().is_cpu() || !known || x.numel() == 0) return false;
  // Inference is fused only without gradients, training only with a batch norm that is not frozen.
  if (!context.training) return !at::GradMode::is_enabled();
  return parts_.norm.has_value() && !parts_.frozen;
}

bool FusedNodes::supports(const Tensor& x, const ForwardContext& context) const {
  return is_merged_pair() || runs_block(x, context);
}

Tensor FusedNodes::forward(std::vector<Tensor>& inputs, const std::vector<NodeState>& states,
                           const ForwardContext& context) const {
  const auto own = block_activation(parts_.activation);
  const bool pair = is_merged_pair();
  Tensor y;
  if (parts_.source) {
    model::Operation source = *parts_.source;
    if (pair || !own) model::set_activation(source, parts_.activation);
    y = run_op(source, {states[first()], inputs, context});
    if (pair) return y;
  } else {
    y = std::move(inputs.front());
  }
  inputs.clear();  // Their memory is free for the block's output.
  const BlockActivation activation = own.value_or(BlockActivation::linear);
  return context.training ? train(y, activation, states, context) : infer(y, activation, states);
}

Tensor FusedNodes::train(const Tensor& y, BlockActivation activation, const std::vector<NodeState>& states,
                         const ForwardContext& context) const {
  const BatchNormState norm = batch_norm_state(*parts_.norm, states[parts_.norm_node]);
  kernels::BatchStatistics statistics;
  const kernels::NormBlock block{activation,
                                 norm.weight,
                                 norm.bias,
                                 norm.epsilon,
                                 parts_.pool,
                                 parts_.dropout_rate,
                                 {context.seed, parts_.dropout_stream, context.step, context.first_row},
                                 context.group,
                                 norm.mean,
                                 parts_.relu ? BlockActivation::relu : BlockActivation::linear};
  const Tensor z = kernels::norm_block(y, block, statistics);
  update_running_statistics(norm, statistics.mean, statistics.variance, statistics.count);
  return z;
}

Tensor FusedNodes::infer(const Tensor& y, BlockActivation activation,
                         const std::vector<NodeState>& states) const {
  Tensor scale, offset;
  if (parts_.norm) {
    const BatchNormState norm = batch_norm_state(*parts_.norm, states[parts_.norm_node]);
    scale = norm.weight * (norm.variance + norm.epsilon).rsqrt();
    offset = norm.bias - norm.mean * scale;
  }
  return kernels::affine_epilogue(y, activation, scale, offset, parts_.pool,
                                  parts_.relu ? BlockActivation::relu : BlockActivation::linear);
}

void Fusion::add(FusedNodes block) {
  blocks_.push_back(std::move(block));
  for (const NodeId id : blocks_.back().nodes()) block_of_[id] = blocks_.size();
}

Fusion fuse(const Graph& graph) {
  Fusion fusion(graph.nodes.size());
  if (graph.layers.empty()) return fusion;
  const std::vector<NodeId> readers = sole_readers(graph);
  for (NodeId id = 1; id < graph.nodes.size(); ++id) {
    if (fusion.block_of(id) != nullptr) continue;
    FusedNodes::Parts parts = Finder(graph, readers).find(id);
    if (!parts.nodes.empty()) fusion.add(FusedNodes(std::move(parts)));
  }
  return fusion;
}

}  // namespace svhn::network
