#include "model/cut_point.h"

#include <algorithm>
#include <variant>

#include "model/backbones/backbone.h"

namespace svhn::model {
namespace {

/// @returns whether a layer's output for an image may change during training.
bool output_changes(const LayerPlan& layer) {
  const auto* dropout = std::get_if<DropoutSpec>(&layer.layer.kind);
  return (dropout != nullptr && dropout->rate > 0.0) ||
         std::any_of(layer.tensors.begin(), layer.tensors.end(),
                     [](const TensorPlan& tensor) { return tensor.trainable; });
}

/// @returns the multiplications of a node's convolutions for one image.
std::int64_t multiplications(const Graph& graph, const Node& node) {
  const auto window_size = [](const Window& window) { return window.height * window.width; };
  if (const auto* conv = std::get_if<ConvOp>(&node.operation)) {
    return element_count(node.output) * graph.nodes[node.inputs[0]].output[0] * window_size(conv->window);
  }
  if (const auto* conv = std::get_if<SeparableConvOp>(&node.operation)) {
    const std::int64_t channels = graph.nodes[node.inputs[0]].output[0];
    const std::int64_t pixels = element_count(node.output) / node.output[0];
    return pixels * channels * (window_size(conv->window) + node.output[0]);
  }
  return 0;
}

/// @returns the first trainable node, or the number of nodes.
NodeId first_trainable(const BackboneSpec& spec, const Graph& graph) {
  NodeId id = 0;
  while (id < graph.nodes.size() &&
         (node_tensors(graph, id).empty() || !is_trainable(spec, graph.nodes[id]))) {
    ++id;
  }
  return id;
}

/// @returns for each node whether the nodes after it depend on no node before it.
std::vector<bool> bottlenecks(const Graph& graph) {
  std::vector<bool> result(graph.nodes.size());
  NodeId earliest = graph.nodes.size() - 1;
  for (NodeId id = graph.nodes.size(); id-- > 0;) {
    result[id] = earliest >= id;
    for (const NodeId from : graph.nodes[id].inputs) earliest = std::min(earliest, from);
  }
  return result;
}

/// @returns the node after which a partly frozen backbone can start, or 0.
NodeId frozen_node(const LayerPlan& layer) {
  // Reading an element takes as long as some ten multiplications from memory, some hundred from disk.
  constexpr std::int64_t kMinMultiplications = 1000;
  const auto* spec = std::get_if<BackboneSpec>(&layer.layer.kind);
  if (spec == nullptr || spec->backbone == kTorchScript) return 0;
  const Graph graph = backbone_graph(*spec, layer.input);
  const NodeId end = first_trainable(*spec, graph);
  const std::vector<bool> bottleneck = bottlenecks(graph);
  NodeId best = 0;
  std::int64_t work = 0;
  for (NodeId id = 1; id < end; ++id) {
    work += multiplications(graph, graph.nodes[id]);
    if (bottleneck[id] && work >= kMinMultiplications * element_count(graph.nodes[id].output)) best = id;
  }
  return best;
}

}  // namespace

Shape shape_at(const NetworkPlan& plan, CutPoint cut) {
  if (cut.node > 0) {
    const LayerPlan& layer = plan.layers[cut.layer];
    const auto& spec = std::get<BackboneSpec>(layer.layer.kind);
    return backbone_graph(spec, layer.input).nodes[cut.node].output;
  }
  return cut.layer == 0 ? plan.input : plan.layers[cut.layer - 1].output;
}

std::size_t tensors_before(const NetworkPlan& plan, CutPoint cut) {
  std::size_t count = 0;
  for (std::size_t i = 0; i < cut.layer; ++i) count += plan.layers[i].tensors.size();
  if (cut.node == 0) return count;
  const LayerPlan& layer = plan.layers[cut.layer];
  const Graph graph = backbone_graph(std::get<BackboneSpec>(layer.layer.kind), layer.input);
  for (NodeId id = 1; id <= cut.node; ++id) count += node_tensors(graph, id).size();
  return count;
}

CutPoint frozen_cut(const NetworkPlan& plan) {
  CutPoint cut;
  bool backbone = false;
  for (const auto& layer : plan.layers) {
    if (output_changes(layer)) {
      cut.node = frozen_node(layer);
      break;
    }
    backbone = backbone || std::holds_alternative<BackboneSpec>(layer.layer.kind);
    ++cut.layer;
  }
  return backbone || cut.node > 0 ? cut : CutPoint{};
}

}  // namespace svhn::model
