#pragma once
/// A network as plain data, without LibTorch: nodes in topological order, each with an op, inputs, an output
/// shape and tensors. Shapes exclude the batch: [C,H,W] (channels, height, width) or [F] (features).

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "model/graph/spec.h"

namespace svhn::model {

/// Index of a node; the input is 0.
using NodeId = std::size_t;

struct Node {
  std::string name;   ///< Unique: the layer's, or inside a backbone `<layer>.<Keras' name>`.
  std::string torch;  ///< torchvision's module name; "" where torchvision lacks the network.
  Operation op;
  std::vector<NodeId> inputs;
  Shape output;
  std::vector<TensorPlan> tensors;  ///< In the order of the op's `infer`.
  bool trainable = true;            ///< False: frozen; a batch norm then keeps its statistics.
  std::size_t layer = 0;            ///< Index of the layer in Graph::layers; meaningless for the input.
};

/// The nodes of one layer of the spec.
struct LayerSpan {
  LayerSpec spec;    ///< Its name is filled in.
  NodeId first = 0;  ///< Its nodes are [first, last].
  NodeId last = 0;   ///< The layer's output.
};

/// Number of elements in all tensors, counted as in Keras' summary: running statistics are not trainable.
struct ParameterCounts {
  std::int64_t total = 0;
  std::int64_t trainable = 0;
  std::int64_t non_trainable = 0;
};

/// Nodes in topological order; the last node's output is the network's output.
struct Graph {
  std::vector<Node> nodes;
  std::vector<LayerSpan> layers;  ///< Empty for the graph of a backbone alone.
  ParameterCounts counts;

  [[nodiscard]] const Shape& input() const { return nodes.front().output; }
  [[nodiscard]] const Shape& output() const { return nodes.back().output; }
  [[nodiscard]] NodeId output_node() const { return nodes.size() - 1; }
  /// @returns the layer that a node belongs to. @param id not the input.
  [[nodiscard]] const LayerSpan& layer_of(NodeId id) const { return layers[nodes[id].layer]; }
};

/// @returns the node of this name. A backbone's layer names its last node.
std::optional<NodeId> find_node(const Graph& graph, std::string_view name);

/// @returns how many nodes read each node's output.
std::vector<int> use_counts(const Graph& graph);

/// @returns for each node whether the nodes after it read no node before it: the network can be cut there.
std::vector<bool> bottlenecks(const Graph& graph);

/// @returns the number of tensors of the nodes up to and including `id`; they come first in the network's.
std::size_t tensors_up_to(const Graph& graph, NodeId id);

/// @returns the number of elements in all tensors of a node, or of a layer.
std::int64_t parameter_count(const Node& node);
std::int64_t parameter_count(const Graph& graph, const LayerSpan& layer);

/// @returns the multiplications of a node's convolutions or products for one image.
std::int64_t multiplications(const Node& node);

/// A node's names: Keras' and, if any, torchvision's.
struct Label {
  Label() = default;
  Label(const char* keras) : name(keras) {}             // NOLINT(google-explicit-constructor)
  Label(std::string keras) : name(std::move(keras)) {}  // NOLINT(google-explicit-constructor)
  Label(std::string keras, std::string torchvision) : name(std::move(keras)), torch(std::move(torchvision)) {}

  std::string name;
  std::string torch;
};

/// A convolution of a backbone, without a bias unless it says so.
struct ConvFields {
  std::int64_t filters = 0;
  Window window;
  bool use_bias = false;
  Activation activation = Activation::linear;
};

/// Adds nodes one by one and infers each node's shape.
class GraphBuilder {
 public:
  explicit GraphBuilder(const Shape& input);

  [[nodiscard]] NodeId input() const { return 0; }
  /// @throws core::Error(bug) when the op does not accept its inputs; `try_add` returns why instead.
  NodeId add(Label label, Operation op, std::vector<NodeId> inputs);
  /// Adds a node unless its op does not accept its inputs.
  LayerError try_add(Node node);
  /// Adds a node whose shape and tensors are inferred already.
  void push(Node node) { graph_.nodes.push_back(std::move(node)); }

  NodeId conv(NodeId x, Label label, const ConvFields& f);
  /// A depthwise, then a pointwise convolution without biases.
  NodeId separable(NodeId x, Label label, std::int64_t filters, const Window& window);
  NodeId batch_norm(NodeId x, Label label, const BatchNormOp& op) { return add(std::move(label), op, {x}); }
  NodeId relu(NodeId x, Label label = {}) { return add(std::move(label), ActivationOp{}, {x}); }
  NodeId max_pool(NodeId x, Label label, const Window& window) {
    return add(std::move(label), MaxPool2dOp{window}, {x});
  }
  NodeId average_pool(NodeId x, Label label, const AveragePool2dOp& op) {
    return add(std::move(label), op, {x});
  }
  NodeId zero_pad(NodeId x, Label label, std::int64_t side) {
    return add(std::move(label), ZeroPad2dOp{side, side, side, side, false}, {x});
  }
  NodeId sum(NodeId a, NodeId b, Label label, double scale = 1.0) {
    return add(std::move(label), AddOp{Activation::linear, scale}, {a, b});
  }
  NodeId concat(std::vector<NodeId> inputs, Label label) {
    return add(std::move(label), ConcatOp{}, std::move(inputs));
  }

  [[nodiscard]] const Shape& shape(NodeId id) const { return graph_.nodes[id].output; }
  [[nodiscard]] std::int64_t channels(NodeId id) const { return shape(id)[0]; }
  [[nodiscard]] const Graph& graph() const { return graph_; }
  /// @returns the graph, moved out of the builder; its last node is the output.
  Graph take() { return std::move(graph_); }

 private:
  Graph graph_;
};

/// Infers an op's output and tensors from its inputs' shapes.
/// @throws core::Error(bug) for a composite.
LayerError infer_op(const Operation& op, OpPlan& plan);

/// Infers a node's output and tensors from its op and its inputs' shapes; penalties and names are set, and
/// `trainable` of a tensor is the node's unless it is a running statistic.
LayerError infer_node(const Graph& graph, Node& node);

}  // namespace svhn::model
