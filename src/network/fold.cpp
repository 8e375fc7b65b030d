#include "network/fold.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "core/error.h"

namespace svhn::network {
namespace {

using model::AffineRule;
using model::Node;
using model::NodeId;
using torch::Tensor;

/// @returns whether the affine map is increasing, so that max pooling commutes with it.
bool keeps_order(const Affine& affine) {
  return affine.scale.ge(0.0).all().item().toBool();
}

bool has_shift(const Affine& affine) {
  return affine.shift.ne(0.0).any().item().toBool();
}

bool is_linear(const model::Operation& op) {
  const auto* activation = std::get_if<model::ActivationOp>(&op);
  return activation != nullptr && activation->activation == model::Activation::linear;
}

/// @returns how a node acts on a x + b in inference.
AffineRule rule_of(const Node& node) {
  const auto* average = std::get_if<model::AveragePool2dOp>(&node.op);
  // A mean that counts zeros of the padding takes too little of b.
  if (average != nullptr && average->count_padding && average->window.pad != model::WindowPad::valid)
    return AffineRule::none;
  return is_linear(node.op) ? AffineRule::identity : model::op_info(node.op).affine;
}

/// @returns whether the node's output for a x + b is a times that for x, plus b.
bool commutes(const Node& node, const Affine& affine) {
  const AffineRule rule = rule_of(node);
  return rule == AffineRule::identity || rule == AffineRule::mean ||
         (rule == AffineRule::increasing && keeps_order(affine));
}

/// Where a linear op's weight and bias are among its node's tensors.
struct LinearOp {
  std::string weight;  ///< Suffix of the weight that its outputs' scale goes into.
  bool* use_bias = nullptr;
};

/// @returns the op's weight and bias, unless it is not linear or has an activation.
std::optional<LinearOp> linear_op(model::Operation& op) {
  if (model::activation_of(op) != model::Activation::linear) return std::nullopt;
  if (auto* dense = std::get_if<model::DenseOp>(&op)) return LinearOp{"weight", &dense->use_bias};
  if (auto* conv = std::get_if<model::Conv2dOp>(&op)) return LinearOp{"weight", &conv->use_bias};
  if (auto* conv = std::get_if<model::DepthwiseConv2dOp>(&op)) return LinearOp{"weight", &conv->use_bias};
  if (auto* conv = std::get_if<model::SeparableConv2dOp>(&op))
    return LinearOp{"pointwise.weight", &conv->use_bias};
  return std::nullopt;
}

/// A graph and its tensors while batch norms are folded.
class BatchNormFolder {
 public:
  explicit BatchNormFolder(const Network& network)
      : graph_(network.graph()), dtype_(network.dtype()), device_(network.device()) {
    for (const auto& item : network.tensors()) tensors_[item.name] = item.tensor.detach();
    for (NodeId id = 0; id < graph_.nodes.size(); ++id) order_.push_back(id);
    find_readers();
  }

  void fold_all() {
    for (NodeId id = 1; id < graph_.nodes.size(); ++id) {
      if (!is_norm(id)) continue;
      const Affine affine = affine_of_norm(id);
      if (!fold_backward(id, affine) && !fold_forward(id, affine)) continue;
      folded_.push_back(graph_.nodes[id].name);
      remove(id);
    }
    for (NodeId id = graph_.nodes.size(); id-- > 1;) {
      if (is_norm(id) && is_alive(id)) move_behind_pooling(id, affine_of_norm(id));
    }
  }

  [[nodiscard]] bool changed() const { return !folded_.empty() || !moved_.empty(); }

  [[nodiscard]] Folded build(BatchNormVariance variance) {
    return {Network(rebuilt(), tensors_, variance), folded_, moved_};
  }

 private:
  [[nodiscard]] bool is_norm(NodeId id) const {
    return std::holds_alternative<model::BatchNormOp>(graph_.nodes[id].op);
  }
  [[nodiscard]] bool is_alive(NodeId id) const {
    return std::find(order_.begin(), order_.end(), id) != order_.end();
  }

  void find_readers() {
    readers_.assign(graph_.nodes.size(), {});
    for (const NodeId id : order_) {
      for (const NodeId from : graph_.nodes[id].inputs) readers_[from].push_back(id);
    }
  }

  /// @returns the node that alone reads this one and reads nothing else, if any.
  [[nodiscard]] std::optional<NodeId> sole_reader(NodeId id) const {
    if (readers_[id].size() != 1) return std::nullopt;
    const NodeId reader = readers_[id].front();
    return graph_.nodes[reader].inputs.size() == 1 ? std::optional(reader) : std::nullopt;
  }

  [[nodiscard]] const Tensor& tensor(const Node& node, const std::string& suffix) const {
    return tensors_.at(node.name + "." + suffix);
  }

  [[nodiscard]] Affine affine_of_norm(NodeId id) const {
    const Node& node = graph_.nodes[id];
    const auto& op = std::get<model::BatchNormOp>(node.op);
    return affine_of({op.scale ? tensor(node, "weight") : Tensor(), tensor(node, "bias"),
                      tensor(node, "running_mean"), tensor(node, "running_var")},
                     op.epsilon);
  }

  bool fold_backward(NodeId norm, const Affine& affine) {
    NodeId at = graph_.nodes[norm].inputs[0];
    while (readers_[at].size() == 1 && graph_.nodes[at].inputs.size() == 1 &&
           commutes(graph_.nodes[at], affine)) {
      at = graph_.nodes[at].inputs[0];
    }
    Node& target = graph_.nodes[at];
    const auto linear = linear_op(target.op);
    if (readers_[at].size() != 1 || !linear) return false;
    change_output(target, *linear, affine);
    return true;
  }

  bool fold_forward(NodeId norm, const Affine& affine) {
    std::optional<NodeId> at = sole_reader(norm);
    while (at && (commutes(graph_.nodes[*at], affine) || rule_of(graph_.nodes[*at]) == AffineRule::flatten))
      at = sole_reader(*at);
    if (!at) return false;
    Node& target = graph_.nodes[*at];
    if (auto* dense = std::get_if<model::DenseOp>(&target.op)) {
      change_input(target, affine);
      dense->use_bias = true;
      return true;
    }
    auto* conv = std::get_if<model::Conv2dOp>(&target.op);
    if (conv == nullptr || conv->groups != 1 || (pads(target, *conv) && has_shift(affine))) return false;
    change_input(target, affine);
    conv->use_bias = true;
    return true;
  }

  [[nodiscard]] bool pads(const Node& node, const model::Conv2dOp& conv) const {
    const model::Window window = conv.window.resolved();
    const model::Shape& x = graph_.nodes[node.inputs[0]].output;
    const auto padded = [&](std::int64_t size, std::int64_t kernel) {
      const auto amount = model::window_padding(window.pad, size, kernel, window.stride);
      return amount.before > 0 || amount.after > 0;
    };
    return padded(x[1], window.covered_height()) || padded(x[2], window.covered_width());
  }

  /// @returns the node's bias, zeros where it has none.
  [[nodiscard]] Tensor bias_or_zeros(const Node& node) const {
    const auto found = tensors_.find(node.name + ".bias");
    return found != tensors_.end() ? to_float64(found->second) : at::zeros(node.output[0], torch::kFloat64);
  }

  void set(const Node& node, const std::string& suffix, const Tensor& value) {
    tensors_[node.name + "." + suffix] = value;
  }

  /// W -> a W, c -> a c + b.
  void change_output(const Node& node, const LinearOp& linear, const Affine& affine) {
    set(node, "bias", bias_or_zeros(node) * affine.scale + affine.shift);
    set(node, linear.weight, scale_outputs(to_float64(tensor(node, linear.weight)), affine));
    *linear.use_bias = true;
  }

  /// W -> W a, c -> c + W b, summed over the weights of a channel.
  void change_input(const Node& node, const Affine& affine) {
    const Tensor weight = to_float64(tensor(node, "weight"));
    // Flatten is channels first, so a channel's features are contiguous.
    const Tensor grouped = weight.reshape({weight.size(0), affine.scale.size(0), -1});
    set(node, "bias", bias_or_zeros(node) + at::matmul(grouped.sum(2), affine.shift));
    set(node, "weight", (grouped * affine.scale.view({1, -1, 1})).view(weight.sizes()));
  }

  /// What reads the node reads its input instead.
  void remove(NodeId id) {
    const NodeId input = graph_.nodes[id].inputs[0];
    for (const NodeId reader : readers_[id]) {
      auto& inputs = graph_.nodes[reader].inputs;
      std::replace(inputs.begin(), inputs.end(), id, input);
    }
    order_.erase(std::find(order_.begin(), order_.end(), id));
    find_readers();
  }

  /// @returns whether a node is a layer of its own, not part of a backbone.
  [[nodiscard]] bool is_layer(NodeId id) const {
    return !std::holds_alternative<model::BackboneSpec>(graph_.layer_of(id).spec.op);
  }

  /// Behind a pooling there are fewer numbers to normalise.
  void move_behind_pooling(NodeId norm, const Affine& affine) {
    NodeId last = norm;
    for (auto at = sole_reader(norm); at && is_layer(*at) && commutes(graph_.nodes[*at], affine);
         at = sole_reader(*at)) {
      if (std::holds_alternative<model::ResizeOp>(graph_.nodes[*at].op)) break;
      if (rule_of(graph_.nodes[*at]) != AffineRule::identity) last = *at;
    }
    if (last == norm || !is_layer(norm)) return;
    moved_.push_back(graph_.nodes[norm].name);
    const std::vector<NodeId> behind = readers_[last];
    remove(norm);
    graph_.nodes[norm].inputs = {last};
    for (const NodeId reader : behind) {
      auto& inputs = graph_.nodes[reader].inputs;
      std::replace(inputs.begin(), inputs.end(), last, norm);
    }
    order_.insert(std::find(order_.begin(), order_.end(), last) + 1, norm);
    find_readers();
  }

  /// @returns the nodes that are left, with their shapes and layers; the tensors get the network's dtype.
  [[nodiscard]] model::Graph rebuilt() {
    model::Graph graph;
    graph.counts = graph_.counts;
    std::vector<NodeId> new_id(graph_.nodes.size());
    for (const NodeId id : order_) {
      Node node = graph_.nodes[id];
      for (NodeId& from : node.inputs) from = new_id[from];
      new_id[id] = graph.nodes.size();
      if (id > 0) add_layer(graph, node);
      if (id > 0 && !std::holds_alternative<model::ScriptOp>(node.op)) {
        if (const auto error = model::infer_node(graph, node))
          throw core::Error(core::ExitCode::bug, "folding broke '" + node.name + "': " + error.problem);
      }
      graph.nodes.push_back(std::move(node));
    }
    for (auto& [name, tensor] : tensors_) tensor = tensor.to(device_, dtype_);
    return graph;
  }

  /// Makes a node part of the last layer of a graph, or of a new one.
  void add_layer(model::Graph& graph, Node& node) {
    const model::LayerSpan& old = graph_.layers[node.layer];
    const NodeId id = graph.nodes.size();
    if (graph.layers.empty() || graph.layers.back().spec.name != old.spec.name) {
      graph.layers.push_back({old.spec, id, id});
      if (old.first == old.last && node.name == old.spec.name) graph.layers.back().spec.op = node.op;
    }
    graph.layers.back().last = id;
    node.layer = graph.layers.size() - 1;
  }

  model::Graph graph_;
  torch::ScalarType dtype_;
  torch::Device device_;
  TensorMap tensors_;
  std::vector<NodeId> order_;                 ///< The nodes that are left, in topological order.
  std::vector<std::vector<NodeId>> readers_;  ///< Of each node.
  std::vector<std::string> folded_;
  std::vector<std::string> moved_;
};

}  // namespace

Tensor to_float64(const Tensor& tensor) {
  return tensor.detach().to(torch::kCPU, torch::kFloat64);
}

Affine affine_of(const NormTensors& norm, double epsilon) {
  Tensor scale = (to_float64(norm.variance) + epsilon).rsqrt();
  if (norm.weight.defined()) scale = scale * to_float64(norm.weight);
  return {scale, to_float64(norm.bias) - to_float64(norm.mean) * scale};
}

Tensor scale_outputs(const Tensor& weight, const Affine& affine) {
  std::vector<std::int64_t> rows(static_cast<std::size_t>(weight.dim()), 1);
  rows[0] = -1;
  return weight * affine.scale.view(rows);
}

Folded fold_batch_norm(Network network) {
  const torch::NoGradGuard no_grad;
  BatchNormFolder folder(network);
  folder.fold_all();
  return folder.changed() ? folder.build(network.variance()) : Folded{std::move(network), {}, {}};
}

}  // namespace svhn::network
