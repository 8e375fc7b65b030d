#include "model/graph/graph.h"

#include <algorithm>
#include <utility>

namespace svhn::model {
namespace {

std::int64_t output_size(std::int64_t size, std::int64_t kernel, const Window& window) {
  const PadAmount pad = window_padding(window.pad, size, kernel, window.stride);
  const std::int64_t slack = size + pad.before + pad.after - kernel;
  const std::int64_t steps = slack / window.stride;
  // As in PyTorch, ceil_mode never adds a window that would start in the padding after the image.
  const bool partial =
      window.ceil && slack % window.stride != 0 && (steps + 1) * window.stride < size + pad.before;
  return steps + (partial ? 2 : 1);
}

Shape window_shape(const Shape& input, std::int64_t channels, const Window& window) {
  return {channels, output_size(input[1], window.height, window),
          output_size(input[2], window.width, window)};
}

// One overload for each operation.
struct OutputShape {
  const std::vector<Shape>& inputs;

  Shape operator()(const InputOp&) const { return {}; }
  Shape operator()(const ConvOp& op) const { return window_shape(inputs[0], op.filters, op.window); }
  Shape operator()(const SeparableConvOp& op) const { return window_shape(inputs[0], op.filters, op.window); }
  Shape operator()(const BatchNormOp&) const { return inputs[0]; }
  Shape operator()(const ActivationOp&) const { return inputs[0]; }
  Shape operator()(const MaxPoolOp& op) const { return window_shape(inputs[0], inputs[0][0], op.window); }
  Shape operator()(const AveragePoolOp& op) const { return window_shape(inputs[0], inputs[0][0], op.window); }
  Shape operator()(const ZeroPadOp& op) const {
    const Shape& x = inputs[0];
    const ZeroPadOp pad = zero_padding(op, x[1], x[2]);
    return {x[0], x[1] + pad.top + pad.bottom, x[2] + pad.left + pad.right};
  }
  Shape operator()(const CropOp& op) const {
    return {inputs[0][0], inputs[0][1] - op.top, inputs[0][2] - op.left};
  }
  Shape operator()(const AddOp&) const { return inputs[0]; }
  Shape operator()(const ConcatOp&) const {
    Shape shape = inputs[0];
    for (std::size_t i = 1; i < inputs.size(); ++i) shape[0] += inputs[i][0];
    return shape;
  }
  Shape operator()(const GlobalAverageOp&) const { return {inputs[0][0]}; }
};

// One overload for each operation with tensors; `channels` are the input's.
struct Tensors {
  std::int64_t channels;
  using List = std::vector<NodeTensor>;

  List operator()(const ConvOp& op) const {
    List list{{"weight", {op.filters, channels, op.window.height, op.window.width}, TensorRole::kernel}};
    if (op.bias) list.push_back({"bias", {op.filters}, TensorRole::bias});
    return list;
  }
  List operator()(const SeparableConvOp& op) const {
    return {{"depthwise.weight", {channels, 1, op.window.height, op.window.width}, TensorRole::kernel},
            {"pointwise.weight", {op.filters, channels, 1, 1}, TensorRole::kernel}};
  }
  List operator()(const BatchNormOp& op) const {
    List list;
    if (op.scale) list.push_back({"weight", {channels}, TensorRole::gamma});
    list.push_back({"bias", {channels}, TensorRole::beta});
    list.push_back({"running_mean", {channels}, TensorRole::running_mean});
    list.push_back({"running_var", {channels}, TensorRole::running_var});
    return list;
  }
  template <class Other>
  List operator()(const Other&) const {
    return {};
  }
};

}  // namespace

std::vector<NodeTensor> node_tensors(const Graph& graph, NodeId id) {
  const Node& node = graph.nodes[id];
  const std::int64_t channels = node.inputs.empty() ? 0 : graph.nodes[node.inputs[0]].output[0];
  return std::visit(Tensors{channels}, node.operation);
}

PadAmount window_padding(WindowPad pad, std::int64_t size, std::int64_t kernel, std::int64_t stride) {
  if (pad == WindowPad::valid) return {};
  if (pad == WindowPad::half) return {kernel / 2, kernel / 2};
  const std::int64_t covered = ((size + stride - 1) / stride - 1) * stride + kernel;
  const std::int64_t total = std::max<std::int64_t>(0, covered - size);
  return {total / 2, total - total / 2};
}

ZeroPadOp zero_padding(const ZeroPadOp& pad, std::int64_t height, std::int64_t width) {
  ZeroPadOp result = pad;
  if (pad.trim_even && height % 2 == 0) --result.top;
  if (pad.trim_even && width % 2 == 0) --result.left;
  return result;
}

GraphBuilder::GraphBuilder(const Shape& input) {
  graph_.nodes.push_back({"input", "", InputOp{}, {}, input});
}

NodeId GraphBuilder::add(Label label, Operation operation, std::vector<NodeId> inputs) {
  std::vector<Shape> shapes;
  shapes.reserve(inputs.size());
  for (const NodeId id : inputs) shapes.push_back(shape(id));
  Shape output = std::visit(OutputShape{shapes}, operation);
  graph_.nodes.push_back(
      {std::move(label.name), std::move(label.torch), operation, std::move(inputs), std::move(output)});
  return graph_.nodes.size() - 1;
}

}  // namespace svhn::model
