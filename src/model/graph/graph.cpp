#include "model/graph/graph.h"

#include <algorithm>

#include "core/error.h"

namespace svhn::model {
std::optional<NodeId> find_node(const Graph& graph, std::string_view name) {
  const auto layer = std::find_if(graph.layers.begin(), graph.layers.end(),
                                  [&](const LayerSpan& span) { return span.spec.name == name; });
  if (layer != graph.layers.end()) return layer->last;
  const auto node =
      std::find_if(graph.nodes.begin(), graph.nodes.end(), [&](const Node& n) { return n.name == name; });
  if (node == graph.nodes.end()) return std::nullopt;
  return static_cast<NodeId>(node - graph.nodes.begin());
}

std::vector<int> use_counts(const Graph& graph) {
  std::vector<int> uses(graph.nodes.size(), 0);
  for (const Node& node : graph.nodes) {
    for (const NodeId from : node.inputs) ++uses[from];
  }
  return uses;
}

std::vector<bool> bottlenecks(const Graph& graph) {
  std::vector<bool> result(graph.nodes.size());
  NodeId earliest = graph.output_node();
  for (NodeId id = graph.nodes.size(); id-- > 0;) {
    result[id] = earliest >= id;
    for (const NodeId from : graph.nodes[id].inputs) earliest = std::min(earliest, from);
  }
  return result;
}

std::size_t tensors_up_to(const Graph& graph, NodeId id) {
  std::size_t count = 0;
  for (NodeId i = 0; i <= id; ++i) count += graph.nodes[i].tensors.size();
  return count;
}

std::int64_t parameter_count(const Node& node) {
  std::int64_t total = 0;
  for (const TensorPlan& tensor : node.tensors) total += element_count(tensor.shape);
  return total;
}

std::int64_t parameter_count(const Graph& graph, const LayerSpan& layer) {
  std::int64_t total = 0;
  for (NodeId id = layer.first; id <= layer.last; ++id) total += parameter_count(graph.nodes[id]);
  return total;
}

std::int64_t multiplications(const Node& node) {
  const auto pixels = [](const Shape& shape) {
    return shape.empty() ? std::int64_t{0} : element_count(shape) / shape[0];
  };
  std::int64_t total = 0;
  for (const TensorPlan& tensor : node.tensors) {
    if (tensor.role != TensorRole::kernel) continue;
    // Every output pixel multiplies each weight once; a separable convolution's depthwise part counts alike.
    total += element_count(tensor.shape) * pixels(node.output);
  }
  return total;
}

GraphBuilder::GraphBuilder(const Shape& input) {
  graph_.nodes.push_back({"input", "", InputOp{}, {}, input, {}});
}

NodeId GraphBuilder::add(Label label, Operation op, std::vector<NodeId> inputs) {
  Node node{std::move(label.name), std::move(label.torch), std::move(op), std::move(inputs), {}, {}};
  const std::string name = node.name;
  if (const LayerError error = try_add(std::move(node)))
    throw core::Error(core::ExitCode::bug, "node '" + name + "': " + error.problem);
  return graph_.output_node();
}

LayerError GraphBuilder::try_add(Node node) {
  if (LayerError error = infer_node(graph_, node)) return error;
  push(std::move(node));
  return {};
}

NodeId GraphBuilder::conv(NodeId x, Label label, const ConvFields& f) {
  Conv2dOp op{.filters = f.filters, .window = f.window, .use_bias = f.use_bias, .activation = f.activation};
  return add(std::move(label), op, {x});
}

NodeId GraphBuilder::separable(NodeId x, Label label, std::int64_t filters, const Window& window) {
  return add(std::move(label), SeparableConv2dOp{.filters = filters, .window = window, .use_bias = false},
             {x});
}

/// Composites have no `infer`: they are lowered into nodes.
LayerError infer_op(const Operation& op, OpPlan& plan) {
  return std::visit(
      [&](const auto& own) -> LayerError {
        if constexpr (requires { own.infer(plan); }) {
          return own.infer(plan);
        } else {
          throw core::Error(core::ExitCode::bug, "a composite layer is no node");
        }
      },
      op);
}

LayerError infer_node(const Graph& graph, Node& node) {
  OpPlan plan;
  for (const NodeId id : node.inputs) plan.inputs.push_back(graph.nodes[id].output);
  if (LayerError error = infer_op(node.op, plan)) return error;
  node.output = std::move(plan.output);
  node.tensors.clear();
  for (OpTensor& tensor : plan.tensors) {
    const bool trainable = node.trainable && !is_running_statistic(tensor.role);
    node.tensors.push_back({node.name + "." + tensor.suffix, std::move(tensor.shape), tensor.role, trainable,
                            tensor.l1, tensor.l2});
  }
  return {};
}

}  // namespace svhn::model
