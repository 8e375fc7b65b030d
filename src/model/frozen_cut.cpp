#include "model/frozen_cut.h"

#include <algorithm>
#include <variant>

namespace svhn::model {
namespace {

/// @returns whether a node's output for an image may change during training.
bool output_changes(const Node& node) {
  const auto* dropout = std::get_if<DropoutOp>(&node.op);
  return (dropout != nullptr && dropout->rate > 0.0) ||
         std::any_of(node.tensors.begin(), node.tensors.end(),
                     [](const TensorPlan& tensor) { return tensor.trainable; });
}

/// @returns the first node whose output changes, or the number of nodes.
NodeId first_changing(const Graph& graph) {
  NodeId id = 1;
  while (id < graph.nodes.size() && !output_changes(graph.nodes[id])) ++id;
  return id;
}

bool is_backbone(const LayerSpan& layer) {
  return std::holds_alternative<BackboneSpec>(layer.spec.op);
}

/// @returns the node after which a partly frozen backbone can start, or 0.
NodeId cut_inside(const Graph& graph, const LayerSpan& layer, NodeId end,
                  const std::vector<bool>& bottleneck) {
  // Reading an element takes as long as some ten multiplications from memory, some hundred from disk.
  constexpr std::int64_t kMinMultiplications = 1000;
  NodeId best = 0;
  std::int64_t work = 0;
  for (NodeId id = layer.first; id < end; ++id) {
    const Node& node = graph.nodes[id];
    work += multiplications(node);
    if (bottleneck[id] && work >= kMinMultiplications * element_count(node.output)) best = id;
  }
  return best;
}

}  // namespace

NodeId frozen_cut(const Graph& graph) {
  const NodeId end = first_changing(graph);
  const std::vector<bool> bottleneck = bottlenecks(graph);
  NodeId cut = 0;
  bool backbone = false;
  for (const LayerSpan& layer : graph.layers) {
    if (layer.last >= end) {
      if (!is_backbone(layer)) break;
      const NodeId inside = cut_inside(graph, layer, end, bottleneck);
      return inside > 0 ? inside : cut;
    }
    backbone = backbone || is_backbone(layer);
    if (backbone && bottleneck[layer.last]) cut = layer.last;
  }
  return cut;
}

}  // namespace svhn::model
