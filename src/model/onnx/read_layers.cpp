#include "model/onnx/read_layers.h"

#include <algorithm>
#include <cctype>
#include <cmath>
#include <utility>

#include "core/json.h"
#include "model/graph/graph.h"

namespace svhn::model::onnx_file {
namespace {

using Sizes = std::vector<std::int64_t>;
using Floats = GraphReader::Floats;

constexpr std::size_t kLongestName = 64;

/// @returns a name that a layer may have.
std::string layer_name(const std::string& from) {
  std::string name = from.substr(0, kLongestName);
  const auto allowed = [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '-';
  };
  std::replace_if(
      name.begin(), name.end(), [&](char c) { return !allowed(c); }, '_');
  return name.empty() ? "layer" : name;
}

bool has_activation(const Operation& op) {
  Operation copy = op;
  set_activation(copy, Activation::relu);
  return activation_of(copy) == Activation::relu;
}

bool near(double value, double wanted) {
  constexpr double kRounding = 1e-6;
  return std::abs(value - wanted) <= kRounding * std::max(1.0, std::abs(wanted));
}

/// @returns the padding rule by which a window gets these zeros, if any.
std::optional<WindowPad> rule_of(const Sizes& pads, const Shape& x, const Window& window) {
  for (const auto& [rule, name] : kPaddings) {
    const PadAmount rows = window_padding(rule, x[1], window.covered_height(), window.stride);
    const PadAmount columns = window_padding(rule, x[2], window.covered_width(), window.stride);
    if (pads == Sizes{rows.before, columns.before, rows.after, columns.after}) return rule;
  }
  return std::nullopt;
}

}  // namespace

LayerReader::LayerReader(GraphReader& in, const std::string& value, const Shape& input)
    : in_(in), last_(value) {
  names_[kInputName] = true;
  known_[value] = {kInputName, input, 0};
}

const std::map<std::string_view, LayerReader::Read>& LayerReader::table() {
  static const std::map<std::string_view, Read> kTable{
      {"Conv", &LayerReader::conv},
      {"Gemm", &LayerReader::gemm},
      {"BatchNormalization", &LayerReader::batch_norm},
      {"LayerNormalization", &LayerReader::layer_norm},
      {"Transpose", &LayerReader::transposed_layer_norm},
      {"MaxPool", &LayerReader::max_pool},
      {"AveragePool", &LayerReader::average_pool},
      {"GlobalAveragePool", &LayerReader::global_pool},
      {"GlobalMaxPool", &LayerReader::global_pool},
      {"Flatten", &LayerReader::flatten},
      {"Reshape", &LayerReader::reshape},
      {"Pad", &LayerReader::pad},
      {"Slice", &LayerReader::slice},
      {"Resize", &LayerReader::resize},
      {"Concat", &LayerReader::concat},
      {"Add", &LayerReader::add},
      {"Mul", &LayerReader::multiply},
      {"Sub", &LayerReader::subtract},
      {"LeakyRelu", &LayerReader::leaky_relu},
      {"PRelu", &LayerReader::prelu},
      {"Clip", &LayerReader::clip},
      {"Sigmoid", &LayerReader::sigmoid},
      {"HardSigmoid", &LayerReader::hard_sigmoid},
      {"Softplus", &LayerReader::softplus},
      {"Relu", &LayerReader::elementwise},
      {"Selu", &LayerReader::elementwise},
      {"Elu", &LayerReader::elementwise},
      {"Tanh", &LayerReader::elementwise},
      {"Softsign", &LayerReader::elementwise},
  };
  return kTable;
}

std::string LayerReader::read_until(std::string_view type) {
  while (in_.peek().op_type() != type) {
    const Node& node = in_.take();
    const auto found = table().find(node.op_type());
    if (found == table().end()) in_.refuse(node, "is not one that svhn writes");
    (this->*found->second)(node);
  }
  return last_;
}

void LayerReader::refuse_repeated(const Node& node) const {
  in_.refuse(node, "gives '" + core::printable(last_) + "', which is there already");
}

const LayerReader::Known& LayerReader::value(const Node& node, int input) const {
  if (input >= node.input_size()) in_.refuse(node, "has too few inputs");
  const auto found = known_.find(node.input(input));
  if (found != known_.end()) return found->second;
  in_.refuse(node, "reads '" + core::printable(node.input(input)) + "', which no operator before it gives");
}

const Shape& LayerReader::image(const Node& node) const {
  const Shape& shape = value(node, 0).shape;
  if (shape.size() != 3) in_.refuse(node, "reads " + shape_text(shape) + ", which is no image");
  return shape;
}

std::string LayerReader::unique_name(const std::string& wanted) const {
  // "conv2d_1/relu" is an operator of the layer conv2d_1.
  if (std::string whole = layer_name(wanted.substr(0, wanted.find('/')));
      wanted.find('/') > 0 && !names_.contains(whole))
    return whole;
  const std::string name = layer_name(wanted);
  std::string unique = name;
  for (int i = 2; names_.contains(unique); ++i) {
    const std::string suffix = "_" + std::to_string(i);
    unique = name.substr(0, kLongestName - suffix.size()) + suffix;
  }
  return unique;
}

void LayerReader::layer(const Node& node, Operation op, std::vector<Floats> arrays, const std::string& output,
                        int count) {
  if (count > node.input_size()) in_.refuse(node, "has too few inputs");
  layer_of(node, std::move(op), {node.input().begin(), node.input().begin() + count}, std::move(arrays),
           output);
}

void LayerReader::layer_of(const Node& node, Operation op, const std::vector<std::string>& from,
                           std::vector<Floats> arrays, const std::string& output) {
  OpPlan plan;
  LayerSpec spec{unique_name(node.name()), std::move(op), true, {}};
  for (const std::string& name : from) {
    const auto found = known_.find(name);
    if (found == known_.end())
      in_.refuse(node, "reads '" + core::printable(name) + "', which no operator before it gives");
    plan.inputs.push_back(found->second.shape);
    spec.inputs.push_back(found->second.layer);
  }
  if (const LayerError error = infer_op(spec.op, plan)) in_.refuse(node, error.problem);
  if (!fits_bound(plan.output, kMaxActivations)) in_.refuse(node, "gives too many numbers");
  if (plan.tensors.size() != arrays.size()) in_.refuse(node, "has another number of arrays than svhn writes");
  for (std::size_t i = 0; i < arrays.size(); ++i) {
    if (arrays[i].shape != plan.tensors[i].shape)
      in_.refuse(node, "has an array " + shape_text(arrays[i].shape) + " in place of " +
                           shape_text(plan.tensors[i].shape));
    arrays_.push_back(
        {spec.name + "." + plan.tensors[i].suffix, std::move(arrays[i].shape), std::move(arrays[i].values)});
  }
  const std::string before = layers_.empty() ? kInputName : layers_.back().name;
  if (spec.inputs == std::vector<std::string>{before}) spec.inputs.clear();
  names_[spec.name] = true;
  last_ = output.empty() ? node.output(0) : output;
  if (!known_.emplace(last_, Known{spec.name, plan.output, layers_.size()}).second) refuse_repeated(node);
  layers_.push_back(std::move(spec));
}

void LayerReader::activate(const Node& node, const std::string& from, Activation activation,
                           const std::string& output, int reads) {
  const auto found = known_.find(from);
  const bool own = found != known_.end() && found->second.layer != kInputName && in_.readers(from) == reads &&
                   has_activation(layers_[found->second.index].op) &&
                   activation_of(layers_[found->second.index].op) == Activation::linear;
  if (!own) return layer_of(node, ActivationOp{activation}, {from}, {}, output);
  set_activation(layers_[found->second.index].op, activation);
  last_ = output;
  if (!known_.emplace(output, Known(found->second)).second) refuse_repeated(node);
}

LayerReader::Placed LayerReader::placed(const Node& node, const Shape& x, Window window) const {
  const Sizes strides = in_.list(node, "strides", {1, 1}, 1),
              dilations = in_.list(node, "dilations", {1, 1}, 1);
  const Sizes pads = in_.list(node, "pads", {0, 0, 0, 0}, 0);
  if (strides[0] != strides[1] || dilations[0] != dilations[1])
    in_.refuse(node, "has strides or dilations that differ");
  window.stride = strides[0];
  window.dilation = dilations[0];
  const auto rule = rule_of(pads, x, window);
  if (rule) window.pad = *rule;
  if (window.width == window.height) window.width = 0;  // As a config leaves it out.
  return {window, rule ? Sizes{} : pads};
}

std::string LayerReader::padded(const Node& node, const Placed& what) {
  if (what.pads.empty()) return node.input(0);
  std::string value = node.output(0) + "/padded";
  layer(node, ZeroPad2dOp{what.pads[0], what.pads[2], what.pads[1], what.pads[3], false}, {}, value);
  return value;
}

void LayerReader::conv(const Node& node) {
  in_.allow(node, {"kernel_shape", "strides", "pads", "dilations", "group"});
  const Shape x = image(node);
  std::vector<Floats> arrays{in_.floats(node, 1)};
  const Shape shape = arrays[0].shape;
  if (shape.size() != 4 || std::max(shape[2], shape[3]) > kMaxSide)
    in_.refuse(node, "has kernels " + shape_text(shape));
  if (in_.list(node, "kernel_shape", {shape[2], shape[3]}, 1) != Sizes{shape[2], shape[3]})
    in_.refuse(node, "has a kernel_shape that is not its kernels'");
  const bool bias = node.input_size() > 2;
  if (bias) arrays.push_back(in_.floats(node, 2));
  const Placed place = placed(node, x, {.height = shape[2], .width = shape[3]});
  const std::string from = padded(node, place);
  const std::int64_t groups = in_.integer(node, "group", 1);
  const bool depthwise = groups == x[0] && groups > 1 && shape[0] % groups == 0;
  if (!depthwise) {
    const Conv2dOp op{.filters = shape[0], .window = place.window, .use_bias = bias, .groups = groups};
    return layer_of(node, op, {from}, std::move(arrays), {});
  }
  const std::int64_t multiplier = shape[0] / groups;
  if (bias || in_.at_end() || in_.peek().name() + "/depthwise" != node.name()) {
    const DepthwiseConv2dOp op{.window = place.window, .multiplier = multiplier, .use_bias = bias};
    return layer_of(node, op, {from}, std::move(arrays), {});
  }
  const Node& pointwise = in_.take("Conv", {node.output(0)});
  in_.allow(pointwise, {"kernel_shape"});
  for (int i = 1; i < pointwise.input_size(); ++i) arrays.push_back(in_.floats(pointwise, i));
  const std::int64_t filters = arrays.size() > 1 && !arrays[1].shape.empty() ? arrays[1].shape[0] : 0;
  const SeparableConv2dOp op{
      .filters = filters, .window = place.window, .use_bias = arrays.size() > 2, .multiplier = multiplier};
  layer_of(pointwise, op, {from}, std::move(arrays), {});
}

void LayerReader::gemm(const Node& node) {
  in_.allow(node, {"transB"});
  if (in_.integer(node, "transB", 0) != 1) in_.refuse(node, "has a weight that is not transposed");
  std::vector<Floats> arrays{in_.floats(node, 1)};
  const bool bias = node.input_size() > 2;
  if (bias) arrays.push_back(in_.floats(node, 2));
  const std::int64_t units = arrays[0].shape.empty() ? 0 : arrays[0].shape[0];
  layer(node, DenseOp{.units = units, .use_bias = bias}, std::move(arrays));
}

void LayerReader::batch_norm(const Node& node) {
  in_.allow(node, {"epsilon"});
  std::vector<Floats> arrays;
  for (int i = 1; i < node.input_size(); ++i) arrays.push_back(in_.floats(node, i));
  layer(node, BatchNormOp{.epsilon = in_.real(node, "epsilon", 1e-5)}, std::move(arrays));
}

void LayerReader::layer_norm(const Node& node) {
  in_.allow(node, {"axis", "epsilon"});
  if (in_.integer(node, "axis", -1) != -1) in_.refuse(node, "acts on another axis than the last");
  std::vector<Floats> arrays{in_.floats(node, 1), in_.floats(node, 2)};
  if (value(node, 0).shape.size() != 1) in_.refuse(node, "acts on an image that is not transposed");
  layer(node, LayerNormOp{in_.real(node, "epsilon", 1e-5)}, std::move(arrays));
}

void LayerReader::transposed_layer_norm(const Node& node) {
  in_.allow(node, {"perm"});
  (void)image(node);
  const Node& norm = in_.take("LayerNormalization", {node.output(0)});
  in_.allow(norm, {"axis", "epsilon"});
  std::vector<Floats> arrays{in_.floats(norm, 1), in_.floats(norm, 2)};
  const Node& back = in_.take("Transpose", {norm.output(0)});
  if (in_.list(node, "perm", {0, 0, 0, 0}, 0) != Sizes{0, 2, 3, 1} ||
      in_.list(back, "perm", {0, 0, 0, 0}, 0) != Sizes{0, 3, 1, 2} || in_.integer(norm, "axis", -1) != -1)
    in_.refuse(norm, "acts on other axes than the channels");
  layer_of(norm, LayerNormOp{in_.real(norm, "epsilon", 1e-5)}, {node.input(0)}, std::move(arrays),
           back.output(0));
}

void LayerReader::max_pool(const Node& node) {
  in_.allow(node, {"kernel_shape", "strides", "pads"});
  const Shape x = image(node);
  const Sizes sides = in_.list(node, "kernel_shape", {0, 0}, 1);
  const Placed place = placed(node, x, {.height = sides[0], .width = sides[1]});
  if (!place.pads.empty()) in_.refuse(node, "has pads that no layer of svhn has");
  layer(node, MaxPool2dOp{place.window});
}

void LayerReader::average_pool(const Node& node) {
  in_.allow(node, {"kernel_shape", "strides", "pads", "count_include_pad"});
  const Shape x = image(node);
  const Sizes sides = in_.list(node, "kernel_shape", {0, 0}, 1);
  Placed place = placed(node, x, {.height = sides[0], .width = sides[1]});
  if (in_.integer(node, "count_include_pad", 0) != 0) {
    place.pads = in_.list(node, "pads", {0, 0, 0, 0}, 0);
    place.window.pad = WindowPad::valid;
  } else if (!place.pads.empty()) {
    in_.refuse(node, "has pads that no layer of svhn has");
  }
  layer_of(node, AveragePool2dOp{place.window, false}, {padded(node, place)}, {}, {});
}

void LayerReader::global_pool(const Node& node) {
  in_.allow(node, {});
  (void)image(node);
  const Node& flat = in_.take("Flatten", {node.output(0)});
  in_.allow(flat, {"axis"});
  if (in_.integer(flat, "axis", 1) != 1) in_.refuse(flat, "has another axis than 1");
  const bool mean = node.op_type() == "GlobalAveragePool";
  layer_of(flat, mean ? Operation(GlobalAveragePoolOp{}) : GlobalMaxPoolOp{}, {node.input(0)}, {}, {});
}

void LayerReader::flatten(const Node& node) {
  in_.allow(node, {"axis"});
  if (in_.integer(node, "axis", 1) != 1) in_.refuse(node, "has another axis than 1");
  layer(node, FlattenOp{});
}

void LayerReader::reshape(const Node& node) {
  in_.allow(node, {});
  const Sizes sizes = in_.integers(node, 1);
  if (sizes.size() < 2 || sizes[0] != 0) in_.refuse(node, "changes the number of images");
  layer(node, ReshapeOp{{sizes.begin() + 1, sizes.end()}});
}

void LayerReader::pad(const Node& node) {
  in_.allow(node, {});
  const Sizes a = in_.integers(node, 1);
  const auto fits = [](std::int64_t amount) { return amount >= 0 && amount <= kMaxSide; };
  if (a.size() != 8 || !std::all_of(a.begin(), a.end(), fits) || a[0] + a[1] + a[4] + a[5] != 0 ||
      node.input_size() != 2)
    in_.refuse(node, "pads something else than an image with zeros");
  layer(node, ZeroPad2dOp{a[2], a[6], a[3], a[7], false});
}

void LayerReader::slice(const Node& node) {
  in_.allow(node, {});
  const Shape x = image(node);
  const Sizes starts = in_.integers(node, 1), ends = in_.integers(node, 2), axes = in_.integers(node, 3);
  const bool fits = node.input_size() == 4 && axes == Sizes{2, 3} && starts.size() == 2 && ends.size() == 2 &&
                    starts[0] >= 0 && starts[1] >= 0 && starts[0] < ends[0] && starts[1] < ends[1] &&
                    ends[0] <= x[1] && ends[1] <= x[2];
  if (!fits) in_.refuse(node, "cuts something else than an image");
  layer(node, Crop2dOp{starts[0], starts[1], x[1] - ends[0], x[2] - ends[1]});
}

void LayerReader::resize(const Node& node) {
  in_.allow(node, {"mode", "coordinate_transformation_mode"});
  const Shape x = image(node);
  const bool none = node.input_size() == 3 && node.input(1).empty();
  if (!none || in_.text(node, "mode") != "linear" ||
      in_.text(node, "coordinate_transformation_mode") != "half_pixel")
    in_.refuse(node, "resizes in another way than svhn");
  const Floats factors = in_.floats(node, 2);
  Sizes sides;
  for (std::size_t i = 0; i < factors.values.size() && i < 4; ++i) {
    const double side =
        std::floor(static_cast<double>(factors.values[i]) * (i < 2 ? 1.0 : static_cast<double>(x[i - 1])));
    sides.push_back(side >= 1.0 && side <= static_cast<double>(kMaxSide) ? static_cast<std::int64_t>(side)
                                                                         : 0);
  }
  if (factors.values.size() != 4 || factors.values[0] != 1.0F || factors.values[1] != 1.0F)
    in_.refuse(node, "resizes more than height and width");
  layer(node, ResizeOp{sides[2], sides[3]});
}

void LayerReader::concat(const Node& node) {
  in_.allow(node, {"axis"});
  if (in_.integer(node, "axis", 0) != 1) in_.refuse(node, "joins along another axis than 1");
  if (node.input_size() < 2 || node.input_size() > static_cast<int>(kMostInputs))
    in_.refuse(node, "joins " + std::to_string(node.input_size()) + " inputs");
  layer(node, ConcatOp{}, {}, {}, node.input_size());
}

void LayerReader::add(const Node& node) {
  in_.allow(node, {});
  if (node.input_size() != 2) in_.refuse(node, "does not have two inputs");
  layer(node, AddOp{}, {}, {}, 2);
}

/// x * scale, with + offset behind it or not; or the first operator of gelu.
void LayerReader::multiply(const Node& node) {
  in_.allow(node, {});
  const double scale = in_.number(node, 1);
  if (in_.next_is("Erf", {node.output(0)})) {
    if (!near(scale, std::sqrt(0.5))) in_.refuse(node, "has another factor than gelu's");
    return gelu(node);
  }
  const bool shifted = in_.readers(node.output(0)) == 1 && in_.next_is("Add", {node.output(0)}) &&
                       in_.peek().input_size() == 2 && in_.is_array(in_.peek().input(1));
  if (!shifted) return layer(node, RescaleOp{scale, 0.0});
  const Node& sum = in_.take();
  in_.allow(sum, {});
  const double offset = in_.number(sum, 1);
  layer_of(sum, RescaleOp{scale, offset}, {node.input(0)}, {}, {});
}

void LayerReader::gelu(const Node& node) {
  const std::string& x = node.input(0);
  const Node& error = in_.take("Erf", {node.output(0)});
  const Node& gate = in_.take("Add", {error.output(0)});
  const Node& half = in_.take("Mul", {x});
  const Node& product = in_.take("Mul", {half.output(0), gate.output(0)});
  if (!near(in_.number(gate, 1), 1.0) || !near(in_.number(half, 1), 0.5))
    in_.refuse(product, "is not the gelu that svhn writes");
  activate(product, x, Activation::gelu, product.output(0), 2);
}

void LayerReader::subtract(const Node& node) {
  in_.allow(node, {});
  const std::vector<double> mean = per_channel(node, in_.floats(node, 1));
  const Node& quotient = in_.take("Div", {node.output(0)});
  in_.allow(quotient, {});
  const Floats deviation = in_.floats(quotient, 1);
  layer_of(quotient, NormalizeOp{mean, per_channel(node, deviation)}, {node.input(0)}, {}, {});
}

std::vector<double> LayerReader::per_channel(const Node& node, const Floats& numbers) const {
  const Shape& x = value(node, 0).shape;
  Shape shape(x.size(), 1);
  shape[0] = static_cast<std::int64_t>(numbers.values.size());
  if (numbers.shape != shape) in_.refuse(node, "has an array " + shape_text(numbers.shape));
  std::vector<double> result(numbers.values.size());
  std::transform(numbers.values.begin(), numbers.values.end(), result.begin(), as_written);
  return result;
}

void LayerReader::leaky_relu(const Node& node) {
  in_.allow(node, {"alpha"});
  layer(node, LeakyReluOp{in_.real(node, "alpha", 0.01)});
}

void LayerReader::prelu(const Node& node) {
  in_.allow(node, {});
  const Shape x = value(node, 0).shape;
  Floats slopes = in_.floats(node, 1);
  const bool whole = slopes.shape == x && x.size() == 3;
  if (!whole && x.size() == 3 && slopes.shape == Shape{x[0], 1, 1}) slopes.shape = {x[0]};
  layer(node, PreluOp{!whole}, {std::move(slopes)});
}

void LayerReader::clip(const Node& node) {
  constexpr double kHighest = 6.0;
  in_.allow(node, {});
  if (!near(in_.number(node, 1), 0.0) || !near(in_.number(node, 2), kHighest))
    in_.refuse(node, "has other bounds than 0 and 6");
  (void)value(node, 0);
  activate(node, node.input(0), Activation::relu6, node.output(0));
}

void LayerReader::gated(const Node& node, const std::string& x, const std::string& gate, Activation alone,
                        Activation with_gate) {
  if (!in_.next_is("Mul", {x, gate})) return activate(node, x, alone, gate);
  const Node& product = in_.take();
  activate(product, x, with_gate, product.output(0), 2);
}

void LayerReader::sigmoid(const Node& node) {
  in_.allow(node, {});
  (void)value(node, 0);
  gated(node, node.input(0), node.output(0), Activation::sigmoid, Activation::swish);
}

void LayerReader::hard_sigmoid(const Node& node) {
  in_.allow(node, {"alpha", "beta"});
  if (!near(in_.real(node, "alpha", 0.2), 1.0 / 6.0) || !near(in_.real(node, "beta", 0.5), 0.5))
    in_.refuse(node, "has another slope than 1/6");
  (void)value(node, 0);
  gated(node, node.input(0), node.output(0), Activation::hard_sigmoid, Activation::hard_swish);
}

void LayerReader::softplus(const Node& node) {
  in_.allow(node, {});
  (void)value(node, 0);
  const std::string &x = node.input(0), &y = node.output(0);
  const bool gate = in_.next_is("Tanh", {y}) && in_.peek().output_size() == 1 &&
                    in_.next_is("Mul", {x, in_.peek().output(0)}, 1);
  if (!gate) return activate(node, x, Activation::softplus, y);
  (void)in_.take();
  const Node& product = in_.take();
  activate(product, x, Activation::mish, product.output(0), 2);
}

void LayerReader::elementwise(const Node& node) {
  static const std::map<std::string_view, Activation> kNames{{"Relu", Activation::relu},
                                                             {"Selu", Activation::selu},
                                                             {"Elu", Activation::elu},
                                                             {"Tanh", Activation::tanh},
                                                             {"Softsign", Activation::softsign}};
  in_.allow(node, {});
  (void)value(node, 0);
  activate(node, node.input(0), kNames.at(node.op_type()), node.output(0));
}

}  // namespace svhn::model::onnx_file
