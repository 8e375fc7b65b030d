#include "model/onnx/write_ops.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "core/error.h"

namespace svhn::model::onnx_file {
namespace {

using Sizes = std::vector<std::int64_t>;

/// A window's padding, [top,left,bottom,right], with what ceil_mode adds at the end.
Sizes pads_of(const Window& window, const Shape& x, const Shape& y) {
  const auto along = [&](std::size_t axis, std::int64_t kernel) {
    PadAmount pad = window_padding(window.pad, x[axis], kernel, window.stride);
    const std::int64_t needed = (y[axis] - 1) * window.stride + kernel - x[axis] - pad.before;
    if (window.ceil) pad.after = std::max(pad.after, needed);
    return pad;
  };
  const PadAmount rows = along(1, window.covered_height()), columns = along(2, window.covered_width());
  return {rows.before, columns.before, rows.after, columns.after};
}

std::vector<Attribute> window_attributes(const Window& window, const Shape& x, const Shape& y) {
  return {{"kernel_shape", Sizes{window.height, window.width}},
          {"strides", Sizes{window.stride, window.stride}},
          {"pads", pads_of(window, x, y)}};
}

/// @returns a factor that is never below the ratio, so that no rounding loses a row: floor(from * factor) is
/// `to` in float32 and in float64.
float resize_factor(std::int64_t from, std::int64_t to) {
  auto factor = static_cast<float>(static_cast<double>(to) / static_cast<double>(from));
  if (static_cast<double>(factor) * static_cast<double>(from) < static_cast<double>(to))
    factor = std::nextafter(factor, std::numeric_limits<float>::infinity());
  return factor;
}

/// Writes the operators of one node.
class NodeWriter {
 public:
  NodeWriter(GraphWriter& out, const NodeToWrite& what) : out_(out), what_(what) {}

  std::string operator()(const FlattenOp&) { return add({"Flatten", {{"axis", std::int64_t{1}}}}); }

  std::string operator()(const ReshapeOp& op) {
    Sizes sizes{0};  // The batch's size is the input's.
    sizes.insert(sizes.end(), op.shape.begin(), op.shape.end());
    return add({"Reshape"}, {x(), out_.integers(name("/shape"), sizes)});
  }

  std::string operator()(const DenseOp& op) {
    return activated(add({"Gemm", {{"transB", std::int64_t{1}}}}, with_tensors({x()})), op.activation);
  }

  std::string operator()(const Conv2dOp& op) {
    return activated(add(conv(op.window, op.groups), with_tensors({x()})), op.activation);
  }

  std::string operator()(const DepthwiseConv2dOp& op) {
    return activated(add(conv(op.window, input()[0]), with_tensors({x()})), op.activation);
  }

  std::string operator()(const SeparableConv2dOp& op) {
    const std::string middle = out_.add(conv(op.window, input()[0]), name("/depthwise"), {x(), tensor(0)});
    std::vector<std::string> inputs{middle};
    for (std::size_t i = 1; i < what_.node.tensors.size(); ++i) inputs.push_back(tensor(i));
    return activated(add({"Conv", {{"kernel_shape", Sizes{1, 1}}}}, inputs), op.activation);
  }

  std::string operator()(const BatchNormOp& op) {
    std::vector<std::string> inputs{x()};
    if (!op.scale) inputs.push_back(constant("/scale", {input()[0]}, 1.0F));
    return add({"BatchNormalization", {{"epsilon", static_cast<float>(op.epsilon)}}},
               with_tensors(std::move(inputs)));
  }

  std::string operator()(const LayerNormOp& op) {
    const Operator norm{"LayerNormalization",
                        {{"axis", std::int64_t{-1}}, {"epsilon", static_cast<float>(op.epsilon)}}};
    if (input().size() == 1) return add(norm, with_tensors({x()}));
    const std::string last =
        out_.add({"Transpose", {{"perm", Sizes{0, 2, 3, 1}}}}, name("/channels_last"), {x()});
    const std::string y = add(norm, with_tensors({last}));
    return out_.add({"Transpose", {{"perm", Sizes{0, 3, 1, 2}}}}, name("/channels_first"), {y});
  }

  std::string operator()(const MaxPool2dOp& op) {
    return add({"MaxPool", window_attributes(op.window.resolved(), input(), output())});
  }

  std::string operator()(const AveragePool2dOp& op) {
    Operator pool{"AveragePool", window_attributes(op.window.resolved(), input(), output())};
    if (op.count_padding) pool.attributes.push_back({"count_include_pad", std::int64_t{1}});
    return add(pool);
  }

  std::string operator()(const GlobalAveragePoolOp&) { return global("GlobalAveragePool"); }
  std::string operator()(const GlobalMaxPoolOp&) { return global("GlobalMaxPool"); }

  std::string operator()(const DropoutOp&) { return x(); }  // Of training alone.

  std::string operator()(const ActivationOp& op) { return activated(x(), op.activation); }

  std::string operator()(const LeakyReluOp& op) {
    return add({"LeakyRelu", {{"alpha", static_cast<float>(op.slope)}}});
  }

  std::string operator()(const PreluOp& op) {
    Shape shape = what_.node.tensors[0].shape;
    // Aligned with the last axes of the input.
    if (op.per_channel && input().size() == 3) shape = {shape[0], 1, 1};
    const std::string& weight = what_.node.tensors[0].name;
    return add({"PRelu"}, {x(), out_.floats(weight, shape, what_.values(weight))});
  }

  std::string operator()(const AddOp& op) {
    std::vector<std::string> terms = what_.inputs;
    if (op.scale != 1.0)
      terms[1] = out_.add({"Mul"}, name("/scaled"), {terms[1], out_.number(name("/scale"), op.scale)});
    std::string sum = terms[0];
    for (std::size_t i = 1; i < terms.size(); ++i) {
      const bool last = i + 1 == terms.size();
      sum = out_.add({"Add"}, last ? name() : name("/" + std::to_string(i)), {sum, terms[i]});
    }
    return activated(sum, op.activation);
  }

  std::string operator()(const ConcatOp&) {
    return add({"Concat", {{"axis", std::int64_t{1}}}}, what_.inputs);
  }

  std::string operator()(const ZeroPad2dOp& op) {
    const ZeroPad2dOp pad = op.trimmed(input()[1], input()[2]);
    const Sizes amounts{0, 0, pad.top, pad.left, 0, 0, pad.bottom, pad.right};
    return add({"Pad"}, {x(), out_.integers(name("/pads"), amounts)});
  }

  std::string operator()(const Crop2dOp& op) {
    const Sizes ends{input()[1] - op.bottom, input()[2] - op.right};
    return add({"Slice"}, {x(), out_.integers(name("/starts"), {op.top, op.left}),
                           out_.integers(name("/ends"), ends), out_.integers(name("/axes"), {2, 3})});
  }

  std::string operator()(const ResizeOp& op) {
    const std::vector<float> factors{1.0F, 1.0F, resize_factor(input()[1], op.height),
                                     resize_factor(input()[2], op.width)};
    const std::vector<Attribute> how{{"mode", "linear"}, {"coordinate_transformation_mode", "half_pixel"}};
    return add({"Resize", how}, {x(), "", out_.floats(name("/scales"), {4}, factors)});
  }

  std::string operator()(const RescaleOp& op) {
    return line(out_.number(name("/scale"), op.scale), out_.number(name("/offset"), op.offset));
  }

  std::string operator()(const NormalizeOp& op) {
    const std::string centred =
        out_.add({"Sub"}, name("/centred"), {x(), per_channel(name("/mean"), op.mean)});
    return add({"Div"}, {centred, per_channel(name("/deviation"), op.deviation)});
  }

  std::string operator()(const ImagenetInputOp& op) {
    switch (op.input) {
      case BackboneInput::caffe:
        return caffe();
      case BackboneInput::torch:
        return (*this)(NormalizeOp{{0.485, 0.456, 0.406}, {0.229, 0.224, 0.225}});
      case BackboneInput::tf:
        return (*this)(RescaleOp{2.0, -1.0});
      case BackboneInput::none:
        break;
    }
    return x();
  }

  std::string operator()(const InputOp&) { return refuse(); }
  std::string operator()(const BackboneSpec&) { return refuse(); }
  std::string operator()(const ScriptOp&) { return refuse(); }

 private:
  [[nodiscard]] const std::string& x() const { return what_.inputs.front(); }
  [[nodiscard]] const Shape& input() const { return what_.input_shape; }
  [[nodiscard]] const Shape& output() const { return what_.node.output; }
  [[nodiscard]] std::string name(const std::string& part = {}) const { return what_.node.name + part; }

  [[noreturn]] std::string refuse() const {
    throw core::Error(core::ExitCode::bug, "node '" + name() + "' has no operator");
  }

  std::string add(const Operator& op) { return add(op, {x()}); }
  std::string add(const Operator& op, const std::vector<std::string>& inputs) {
    return out_.add(op, name(), inputs);
  }

  /// Adds a tensor of the node. @returns its name.
  std::string tensor(std::size_t i) {
    const TensorPlan& plan = what_.node.tensors[i];
    return out_.floats(plan.name, plan.shape, what_.values(plan.name));
  }

  /// @returns the inputs and all tensors of the node behind them.
  std::vector<std::string> with_tensors(std::vector<std::string> inputs) {
    for (std::size_t i = 0; i < what_.node.tensors.size(); ++i) inputs.push_back(tensor(i));
    return inputs;
  }

  std::string constant(const std::string& part, const Shape& shape, float value) {
    const std::vector<float> values(static_cast<std::size_t>(element_count(shape)), value);
    return out_.floats(name(part), shape, values);
  }

  std::string per_channel(const std::string& array, const std::vector<double>& values) {
    Shape shape(input().size(), 1);
    shape[0] = static_cast<std::int64_t>(values.size());
    return out_.floats(array, shape, std::vector<float>(values.begin(), values.end()));
  }

  [[nodiscard]] Operator conv(const Window& window, std::int64_t groups) const {
    const Window w = window.resolved();
    Operator op{"Conv", window_attributes(w, input(), output())};
    op.attributes.push_back({"dilations", Sizes{w.dilation, w.dilation}});
    op.attributes.push_back({"group", groups});
    return op;
  }

  std::string global(const char* type) {
    const std::string pooled = out_.add({type}, name("/pool"), {x()});
    return add({"Flatten", {{"axis", std::int64_t{1}}}}, {pooled});
  }

  std::string line(const std::string& scale, const std::string& offset) {
    return add({"Add"}, {out_.add({"Mul"}, name("/scaled"), {x(), scale}), offset});
  }

  /// RGB to BGR, times 255, minus ImageNet's means: a convolution of single pixels.
  std::string caffe() {
    constexpr std::int64_t kColours = 3;
    const std::vector<float> weights{0, 0, 255, 0, 255, 0, 255, 0, 0};
    const std::vector<float> bias{-103.939F, -116.779F, -123.68F};
    return add({"Conv", {{"kernel_shape", Sizes{1, 1}}}},
               {x(), out_.floats(name("/colours"), {kColours, kColours, 1, 1}, weights),
                out_.floats(name("/means"), {kColours}, bias)});
  }

  /// Adds what an activation needs behind a value. @returns the name of the result.
  std::string activated(const std::string& value, Activation activation) {
    const std::string part = "/" + std::string(activation_name(activation));
    const auto one = [&](const Operator& op) { return out_.add(op, name(part), {value}); };
    const auto times = [&](const std::string& factor) {
      return out_.add({"Mul"}, name(part), {value, factor});
    };
    switch (activation) {
      case Activation::linear:
      case Activation::softmax:  // The last layer's; the graph's output has it.
        return value;
      case Activation::relu:
        return one({"Relu"});
      case Activation::selu:
        return one({"Selu"});
      case Activation::tanh:
        return one({"Tanh"});
      case Activation::sigmoid:
        return one({"Sigmoid"});
      case Activation::elu:
        return one({"Elu"});
      case Activation::softplus:
        return one({"Softplus"});
      case Activation::softsign:
        return one({"Softsign"});
      case Activation::hard_sigmoid:
        return one(hard_sigmoid());
      case Activation::relu6:
        return out_.add({"Clip"}, name(part),
                        {value, out_.number(name("/lowest"), 0.0), out_.number(name("/highest"), 6.0)});
      case Activation::gelu:
        return gelu(value);
      case Activation::swish:
        return times(out_.add({"Sigmoid"}, name("/gate"), {value}));
      case Activation::hard_swish:
        return times(out_.add(hard_sigmoid(), name("/gate"), {value}));
      case Activation::mish:
        return times(out_.add({"Tanh"}, name("/gate"), {out_.add({"Softplus"}, name("/softplus"), {value})}));
    }
    return value;
  }

  static Operator hard_sigmoid() { return {"HardSigmoid", {{"alpha", 1.0F / 6.0F}, {"beta", 0.5F}}}; }

  /// x (1 + erf(x / sqrt(2))) / 2
  std::string gelu(const std::string& value) {
    const std::string scaled =
        out_.add({"Mul"}, name("/scaled"), {value, out_.number(name("/root"), std::sqrt(0.5))});
    const std::string error = out_.add({"Erf"}, name("/erf"), {scaled});
    const std::string gate = out_.add({"Add"}, name("/gate"), {error, out_.number(name("/one"), 1.0)});
    const std::string half = out_.add({"Mul"}, name("/half"), {value, out_.number(name("/factor"), 0.5)});
    return out_.add({"Mul"}, name("/gelu"), {half, gate});
  }

  GraphWriter& out_;
  const NodeToWrite& what_;
};

}  // namespace

std::string write_node(GraphWriter& out, const NodeToWrite& what) {
  return std::visit(NodeWriter(out, what), what.node.op);
}

}  // namespace svhn::model::onnx_file
