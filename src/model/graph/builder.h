#pragma once
/// Grows a graph node by node and works out each node's shape. A window that is larger than its input gives a
/// size below 1, which backbone_graph() rules out by each network's smallest input.

#include <string>
#include <utility>
#include <vector>

#include "model/graph/graph.h"

namespace svhn::model {

/// A node's names: Keras' and, where it has one, torchvision's.
struct Label {
  Label() = default;
  Label(const char* keras) : name(keras) {}             // NOLINT(google-explicit-constructor)
  Label(std::string keras) : name(std::move(keras)) {}  // NOLINT(google-explicit-constructor)
  Label(std::string keras, std::string torchvision) : name(std::move(keras)), torch(std::move(torchvision)) {}

  std::string name;
  std::string torch;
};

class GraphBuilder {
 public:
  explicit GraphBuilder(const Shape& input);

  NodeId input() const { return 0; }
  NodeId add(Label label, Operation operation, std::vector<NodeId> inputs);

  NodeId conv(NodeId x, Label label, const ConvOp& op) { return add(std::move(label), op, {x}); }
  NodeId separable(NodeId x, Label label, const SeparableConvOp& op) {
    return add(std::move(label), op, {x});
  }
  NodeId batch_norm(NodeId x, Label label, const BatchNormOp& op) { return add(std::move(label), op, {x}); }
  NodeId relu(NodeId x, Label label = {}) { return add(std::move(label), ActivationOp{}, {x}); }
  NodeId max_pool(NodeId x, Label label, const Window& window) {
    return add(std::move(label), MaxPoolOp{window}, {x});
  }
  NodeId average_pool(NodeId x, Label label, const AveragePoolOp& op) {
    return add(std::move(label), op, {x});
  }
  NodeId zero_pad(NodeId x, Label label, std::int64_t side) {
    return add(std::move(label), ZeroPadOp{side, side, side, side, false}, {x});
  }
  NodeId sum(NodeId a, NodeId b, Label label, double scale = 1.0) {
    return add(std::move(label), AddOp{scale}, {a, b});
  }
  NodeId concat(std::vector<NodeId> inputs, Label label) {
    return add(std::move(label), ConcatOp{}, std::move(inputs));
  }

  const Shape& shape(NodeId id) const { return graph_.nodes[id].output; }
  std::int64_t channels(NodeId id) const { return shape(id)[0]; }
  /// @returns the graph; its last node is the output.
  Graph take() { return std::move(graph_); }

 private:
  Graph graph_;
};

}  // namespace svhn::model
