#include "model/plan.h"

#include <algorithm>
#include <utility>
#include <variant>

#include "model/backbones/backbone.h"
#include "model/spec_json.h"

namespace svhn::model {
namespace {

constexpr std::int64_t kMaxSize = std::int64_t{1} << 31;  // Of one dimension; products are checked later.

std::string input_text(const LayerPlan& plan) {
  return "but its input is " + shape_text(plan.input);
}

LayerError needs_vector(const LayerPlan& plan) {
  if (plan.input.size() == 1) return {};
  return {"needs a vector, " + input_text(plan), "put a flatten layer before it"};
}

LayerError needs_image(const LayerPlan& plan) {
  if (plan.input.size() == 3) return {};
  return {"needs an image [channels,height,width], " + input_text(plan),
          "put it before the flatten layer, or a reshape layer before it"};
}

LayerError needs_positive(std::int64_t value, const char* what) {
  if (value >= 1 && value <= kMaxSize) return {};
  return {std::string(what) + " is " + std::to_string(value) + ", expected 1 or more", "correct the layer"};
}

struct SquareWindow {
  std::int64_t size;
  std::int64_t stride;
  Padding padding;
};

std::int64_t window_steps(std::int64_t side, const SquareWindow& window) {
  if (window.padding == Padding::same) return (side - 1) / window.stride + 1;
  return (side - window.size) / window.stride + 1;
}

/// Sets `output` to `channels` and the number of window positions along height and width.
LayerError plan_window(LayerPlan& plan, const SquareWindow& window, std::int64_t channels, const char* name) {
  if (LayerError error = needs_image(plan)) return error;
  if (LayerError error = needs_positive(window.size, name)) return error;
  if (LayerError error = needs_positive(window.stride, "stride")) return error;
  if (window.padding == Padding::valid && window.size > std::min(plan.input[1], plan.input[2])) {
    const std::string size = std::to_string(window.size);
    return {"its " + size + "x" + size + " window is larger than its input " + shape_text(plan.input),
            "use a smaller window, \"padding\": \"same\" or fewer pooling layers"};
  }
  plan.output = {channels, window_steps(plan.input[1], window), window_steps(plan.input[2], window)};
  return {};
}

/// Adds the weight and the bias of a dense or convolutional layer.
template <class Spec>
void add_weights(LayerPlan& plan, const Spec& spec, Shape kernel) {
  const std::string& name = plan.layer.name;
  const Shape bias{kernel.front()};
  const bool trainable = plan.layer.trainable;
  plan.tensors.push_back(
      {name + ".weight", std::move(kernel), TensorRole::kernel, trainable, spec.l1, spec.l2});
  if (spec.use_bias) plan.tensors.push_back({name + ".bias", bias, TensorRole::bias, trainable, 0.0, 0.0});
}

// One overload for each layer type.
struct LayerRules {
  LayerPlan& plan;

  LayerError operator()(const FlattenSpec&) const {
    plan.output = {element_count(plan.input)};
    return {};
  }

  LayerError operator()(const ReshapeSpec& spec) const {
    for (const std::int64_t size : spec.shape) {
      if (LayerError error = needs_positive(size, "a size of its shape")) return error;
    }
    const bool same = !spec.shape.empty() && fits_bound(spec.shape, kMaxActivations) &&
                      element_count(spec.shape) == element_count(plan.input);
    if (!same) {
      return {"cannot give its input " + shape_text(plan.input) + " the shape " + shape_text(spec.shape),
              "both must hold the same number of elements"};
    }
    plan.output = spec.shape;
    return {};
  }

  LayerError operator()(const DenseSpec& spec) const {
    if (LayerError error = needs_vector(plan)) return error;
    if (LayerError error = needs_positive(spec.units, "units")) return error;
    plan.output = {spec.units};
    add_weights(plan, spec, {spec.units, plan.input[0]});
    return {};
  }

  LayerError operator()(const Conv2dSpec& spec) const {
    if (LayerError error = needs_positive(spec.filters, "filters")) return error;
    const SquareWindow window{spec.kernel, spec.stride, spec.padding};
    if (LayerError error = plan_window(plan, window, spec.filters, "kernel")) return error;
    add_weights(plan, spec, {spec.filters, plan.input[0], spec.kernel, spec.kernel});
    return {};
  }

  LayerError operator()(const BatchNormSpec&) const {
    if (plan.input.size() == 2) {
      return {"needs an image or a vector, " + input_text(plan), "put a reshape or flatten layer before it"};
    }
    plan.output = plan.input;
    const std::string& name = plan.layer.name;
    const Shape shape{plan.input[0]};
    const bool trainable = plan.layer.trainable;
    plan.tensors = {{name + ".weight", shape, TensorRole::gamma, trainable, 0.0, 0.0},
                    {name + ".bias", shape, TensorRole::beta, trainable, 0.0, 0.0},
                    {name + ".running_mean", shape, TensorRole::running_mean, false, 0.0, 0.0},
                    {name + ".running_var", shape, TensorRole::running_var, false, 0.0, 0.0}};
    return {};
  }

  LayerError operator()(const MaxPool2dSpec& spec) const { return pool(spec); }
  LayerError operator()(const AveragePool2dSpec& spec) const { return pool(spec); }

  LayerError operator()(const GlobalAveragePoolSpec&) const {
    if (LayerError error = needs_image(plan)) return error;
    plan.output = {plan.input[0]};
    return {};
  }

  LayerError operator()(const DropoutSpec&) const { return keep_shape(); }
  LayerError operator()(const ActivationSpec&) const { return keep_shape(); }

  LayerError operator()(const ResizeSpec& spec) const {
    if (LayerError error = needs_image(plan)) return error;
    if (LayerError error = needs_positive(spec.height, "height")) return error;
    if (LayerError error = needs_positive(spec.width, "width")) return error;
    plan.output = {plan.input[0], spec.height, spec.width};
    return {};
  }

  LayerError operator()(const BackboneSpec&) const { return plan_backbone(plan); }

  template <class Pool>
  [[nodiscard]] LayerError pool(const Pool& spec) const {
    const std::int64_t stride = spec.stride == 0 ? spec.size : spec.stride;
    const std::int64_t channels = plan.input.empty() ? 0 : plan.input[0];
    return plan_window(plan, {spec.size, stride, spec.padding}, channels, "size");
  }

  [[nodiscard]] LayerError keep_shape() const {
    plan.output = plan.input;
    return {};
  }
};

std::string title(const LayerSpec& layer) {
  return "layer '" + layer.name + "' (" + std::string(type_name(layer.kind)) + ")";
}

void check_names(const ModelSpec& spec, core::ExitCode code) {
  for (std::size_t i = 0; i < spec.layers.size(); ++i) {
    if (is_layer_name(spec.layers[i].name)) continue;
    throw core::Error(code, "layer " + std::to_string(i) + " has a name that is not allowed",
                      "use up to 64 letters, digits, '_' and '-'");
  }
  const std::size_t repeated = first_repeated_name(spec);
  if (repeated == spec.layers.size()) return;
  throw core::Error(code,
                    "layer " + std::to_string(repeated) + " is called '" + spec.layers[repeated].name +
                        "' as an earlier one is",
                    "give each layer its own name, or none");
}

bool is_softmax(const LayerSpec& layer) {
  if (const auto* dense = std::get_if<DenseSpec>(&layer.kind))
    return dense->activation == Activation::softmax;
  if (const auto* conv = std::get_if<Conv2dSpec>(&layer.kind)) return conv->activation == Activation::softmax;
  const auto* activation = std::get_if<ActivationSpec>(&layer.kind);
  return activation != nullptr && activation->activation == Activation::softmax;
}

void check_softmax(const ModelSpec& spec, core::ExitCode code) {
  for (std::size_t i = 0; i + 1 < spec.layers.size(); ++i) {
    if (!is_softmax(spec.layers[i])) continue;
    throw core::Error(code, title(spec.layers[i]) + ": softmax may stand in the last layer only",
                      "choose another activation, or remove the layers behind it");
  }
}

void check_input(const Shape& input, core::ExitCode code) {
  const bool sizes = std::all_of(input.begin(), input.end(), [](std::int64_t n) { return n >= 1; });
  if (input.size() == 3 && sizes && fits_bound(input, kMaxActivations)) return;
  throw core::Error(code, "a network's input must be [channels,height,width], not " + shape_text(input),
                    "each must be at least 1");
}

void check_output(const NetworkPlan& plan, const PlanRules& rules) {
  const LayerPlan& last = plan.layers.back();
  if (rules.outputs == 0 || last.output == Shape{rules.outputs}) return;
  throw core::Error(rules.code,
                    title(last.layer) + ": the last layer must give " + std::to_string(rules.outputs) +
                        " numbers, but gives " + shape_text(last.output),
                    "end with {\"type\": \"dense\", \"units\": " + std::to_string(rules.outputs) +
                        ", \"activation\": \"softmax\"}");
}

void count(const LayerPlan& layer, ParameterCounts& counts, core::ExitCode code) {
  for (const TensorPlan& tensor : layer.tensors) {
    // The bound on a single tensor keeps the sum from overflowing.
    const bool fits = fits_bound(tensor.shape, kMaxParameters) &&
                      (counts.total += element_count(tensor.shape)) <= kMaxParameters;
    if (!fits) {
      throw core::Error(code,
                        title(layer.layer) + ": the weight " + shape_text(tensor.shape) +
                            " brings the network above " + std::to_string(kMaxParameters) + " parameters",
                        "use fewer units or filters, or pool before a dense layer");
    }
    if (tensor.trainable) counts.trainable += element_count(tensor.shape);
  }
  counts.non_trainable = counts.total - counts.trainable;
}

LayerPlan plan_one(const LayerSpec& layer, const Shape& input, core::ExitCode code) {
  LayerPlan plan{layer, input, {}, {}};
  if (const LayerError error = plan_layer(plan))
    throw core::Error(code, title(layer) + ": " + error.problem, error.hint);
  if (!fits_bound(plan.output, kMaxActivations)) {
    throw core::Error(code,
                      title(layer) + ": its output " + shape_text(plan.output) + " holds more than " +
                          std::to_string(kMaxActivations) + " numbers",
                      "use smaller sizes");
  }
  return plan;
}

}  // namespace

LayerError plan_layer(LayerPlan& plan) {
  return std::visit(LayerRules{plan}, plan.layer.kind);
}

NetworkPlan plan_network(const ModelSpec& spec, const Shape& input, const PlanRules& rules) {
  ModelSpec named = spec;
  name_layers(named);
  check_names(named, rules.code);
  check_softmax(named, rules.code);
  check_input(input, rules.code);
  NetworkPlan plan{input, {}, {}};
  if (named.layers.empty()) throw core::Error(rules.code, "the network has no layers", "add at least one");
  for (const LayerSpec& layer : named.layers) {
    const Shape& previous = plan.layers.empty() ? plan.input : plan.layers.back().output;
    plan.layers.push_back(plan_one(layer, previous, rules.code));
    count(plan.layers.back(), plan.counts, rules.code);
  }
  check_output(plan, rules);
  return plan;
}

}  // namespace svhn::model
