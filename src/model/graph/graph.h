#pragma once
/// A network with branches as plain data, without LibTorch: nodes in topological order, and a builder that
/// infers their shapes. C, H, W = channels, height, width. Shapes exclude the batch: [C,H,W] or [C].

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "model/graph/layer_plan.h"
#include "model/graph/spec.h"

namespace svhn::model {

/// Zero padding of a window's input. valid: none; same: TensorFlow's rule, ceil(side / stride)
/// outputs, an odd row or column goes to the end; half: kernel / 2 on each side, as in PyTorch's
/// networks and Keras' ZeroPadding2D.
enum class WindowPad { valid, same, half };

struct Window {
  std::int64_t height = 1;
  std::int64_t width = 1;
  std::int64_t stride = 1;
  WindowPad pad = WindowPad::valid;
  bool ceil = false;  ///< PyTorch's ceil_mode: the last window may extend past the padded end.
};

constexpr Window square(std::int64_t side, std::int64_t stride = 1, WindowPad pad = WindowPad::valid) {
  return {side, side, stride, pad, false};
}

/// A convolution. Tensors: "weight" [filters,C,kh,kw] and, where `bias`, "bias" [filters].
struct ConvOp {
  std::int64_t filters = 0;
  Window window;
  bool bias = false;
  Activation activation = Activation::linear;
};

/// A depthwise, then a pointwise convolution. Tensors: "depthwise.weight" [C,1,kh,kw] and
/// "pointwise.weight" [filters,C,1,1].
struct SeparableConvOp {
  std::int64_t filters = 0;
  Window window;
};

/// Batch normalization. Tensors, each [C]: "weight" (where `scale`), "bias", "running_mean", "running_var".
struct BatchNormOp {
  double epsilon = 1e-3;
  double momentum = 0.99;  ///< Weight of the old running statistics, as in BatchNormSpec.
  bool scale = true;
};

struct ActivationOp {
  Activation activation = Activation::relu;
};

struct MaxPoolOp {
  Window window;
};

struct AveragePoolOp {
  Window window;
  bool count_padding =
      false;  ///< PyTorch's count_include_pad; TensorFlow divides by the number of real pixels.
};

/// Zero padding of an image, in pixels. trim_even: an even height takes one row less at the top, an even
/// width one column less at the left (Keras' correct_pad).
struct ZeroPadOp {
  std::int64_t top = 0;
  std::int64_t bottom = 0;
  std::int64_t left = 0;
  std::int64_t right = 0;
  bool trim_even = false;
};

/// Removes rows at the top and columns at the left.
struct CropOp {
  std::int64_t top = 0;
  std::int64_t left = 0;
};

/// The first input plus `scale` times the second.
struct AddOp {
  double scale = 1.0;
};

/// Concatenates the inputs along the channels.
struct ConcatOp {};

/// Mean over the pixels: [C,H,W] -> [C].
struct GlobalAverageOp {};

/// The graph's input, always node 0.
struct InputOp {};

using Operation = std::variant<InputOp, ConvOp, SeparableConvOp, BatchNormOp, ActivationOp, MaxPoolOp,
                               AveragePoolOp, ZeroPadOp, CropOp, AddOp, ConcatOp, GlobalAverageOp>;

using NodeId = std::size_t;

struct Node {
  std::string name;   ///< Keras' layer name; may be "" for a node without tensors.
  std::string torch;  ///< torchvision's module name; "" where torchvision lacks the network.
  Operation operation;
  std::vector<NodeId> inputs;
  Shape output;
};

/// Nodes in topological order; the last node's output is the graph's output.
struct Graph {
  std::vector<Node> nodes;
};

/// One tensor of a node.
struct NodeTensor {
  const char* role;  ///< Suffix of the tensor's name: "weight", "bias" …
  Shape shape;
  TensorRole use = TensorRole::kernel;
};

/// @returns the tensors of node `id` in a fixed order; empty where the operation has none.
std::vector<NodeTensor> node_tensors(const Graph& graph, NodeId id);

/// Rows (or columns) of zeros before and after an image.
struct PadAmount {
  std::int64_t before = 0;
  std::int64_t after = 0;
};

/// @param size height (or width) of the image in pixels. @param kernel,stride the window's, in pixels.
/// @returns the padding that the window needs along this dimension.
PadAmount window_padding(WindowPad pad, std::int64_t size, std::int64_t kernel, std::int64_t stride);

/// @returns the operation's padding of an image of this height and width, with `trim_even` applied.
ZeroPadOp zero_padding(const ZeroPadOp& pad, std::int64_t height, std::int64_t width);

/// A node's names: Keras' and, if any, torchvision's.
struct Label {
  Label() = default;
  Label(const char* keras) : name(keras) {}             // NOLINT(google-explicit-constructor)
  Label(std::string keras) : name(std::move(keras)) {}  // NOLINT(google-explicit-constructor)
  Label(std::string keras, std::string torchvision) : name(std::move(keras)), torch(std::move(torchvision)) {}

  std::string name;
  std::string torch;
};

/// Adds nodes one by one and infers each node's shape. A window that is larger than its input gives a size
/// below 1; backbone_graph() rules this out by each network's smallest input.
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
  /// @returns the graph, moved out of the builder; its last node is the output.
  Graph take() { return std::move(graph_); }

 private:
  Graph graph_;
};

}  // namespace svhn::model
