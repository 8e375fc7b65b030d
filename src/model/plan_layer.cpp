#include "model/plan_layer.h"

#include <algorithm>

#include "model/backbones/backbone.h"

namespace svhn::model {
namespace {

constexpr std::int64_t kMaxSize = std::int64_t{1} << 31;  // Of one dimension, before any product is formed.

std::string input_text(const LayerPlan& plan) {
  return "but its input is " + shape_text(plan.input);
}

Fault needs_vector(const LayerPlan& plan) {
  if (plan.input.size() == 1) return {};
  return {"needs a vector, " + input_text(plan), "put a flatten layer before it"};
}

Fault needs_image(const LayerPlan& plan) {
  if (plan.input.size() == 3) return {};
  return {"needs an image [channels,height,width], " + input_text(plan),
          "put it before the flatten layer, or a reshape layer before it"};
}

Fault needs_positive(std::int64_t value, const char* what) {
  if (value >= 1 && value <= kMaxSize) return {};
  return {std::string(what) + " is " + std::to_string(value) + ", expected 1 or more", "correct the layer"};
}

struct Window {
  std::int64_t size;
  std::int64_t stride;
  Padding padding;
};

std::int64_t slide(std::int64_t side, const Window& window) {
  if (window.padding == Padding::same) return (side - 1) / window.stride + 1;
  return (side - window.size) / window.stride + 1;
}

/// Sets `output` to the channels and the places that a window takes on the input.
Fault plan_window(LayerPlan& plan, const Window& window, std::int64_t channels, const char* name) {
  if (Fault fault = needs_image(plan); !fault.problem.empty()) return fault;
  if (Fault fault = needs_positive(window.size, name); !fault.problem.empty()) return fault;
  if (Fault fault = needs_positive(window.stride, "stride"); !fault.problem.empty()) return fault;
  if (window.padding == Padding::valid && window.size > std::min(plan.input[1], plan.input[2])) {
    const std::string size = std::to_string(window.size);
    return {"its " + size + "x" + size + " window is larger than its input " + shape_text(plan.input),
            "use a smaller window, \"padding\": \"same\" or fewer pooling layers"};
  }
  plan.output = {channels, slide(plan.input[1], window), slide(plan.input[2], window)};
  return {};
}

/// What the tensors of dense and convolutional layers have in common.
template <class Spec>
void add_weights(LayerPlan& plan, const Spec& spec, Shape kernel) {
  const std::string& name = plan.layer.name;
  const Shape bias{kernel.front()};
  const bool trainable = plan.layer.trainable;
  plan.tensors.push_back(
      {name + ".weight", std::move(kernel), TensorRole::kernel, trainable, spec.l1, spec.l2});
  if (spec.use_bias) plan.tensors.push_back({name + ".bias", bias, TensorRole::bias, trainable, 0.0, 0.0});
}

/// One overload a type.
struct Rules {
  LayerPlan& plan;

  Fault operator()(const FlattenSpec&) const {
    plan.output = {element_count(plan.input)};
    return {};
  }

  Fault operator()(const ReshapeSpec& spec) const {
    for (const std::int64_t size : spec.shape) {
      if (Fault fault = needs_positive(size, "a size of its shape"); !fault.problem.empty()) return fault;
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

  Fault operator()(const DenseSpec& spec) const {
    if (Fault fault = needs_vector(plan); !fault.problem.empty()) return fault;
    if (Fault fault = needs_positive(spec.units, "units"); !fault.problem.empty()) return fault;
    plan.output = {spec.units};
    add_weights(plan, spec, {spec.units, plan.input[0]});
    return {};
  }

  Fault operator()(const Conv2dSpec& spec) const {
    if (Fault fault = needs_positive(spec.filters, "filters"); !fault.problem.empty()) return fault;
    const Window window{spec.kernel, spec.stride, spec.padding};
    if (Fault fault = plan_window(plan, window, spec.filters, "kernel"); !fault.problem.empty()) return fault;
    add_weights(plan, spec, {spec.filters, plan.input[0], spec.kernel, spec.kernel});
    return {};
  }

  Fault operator()(const BatchNormSpec&) const {
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

  Fault operator()(const MaxPool2dSpec& spec) const { return pool(spec); }
  Fault operator()(const AveragePool2dSpec& spec) const { return pool(spec); }

  Fault operator()(const GlobalAveragePoolSpec&) const {
    if (Fault fault = needs_image(plan); !fault.problem.empty()) return fault;
    plan.output = {plan.input[0]};
    return {};
  }

  Fault operator()(const DropoutSpec&) const { return keep_shape(); }
  Fault operator()(const ActivationSpec&) const { return keep_shape(); }

  Fault operator()(const ResizeSpec& spec) const {
    if (Fault fault = needs_image(plan); !fault.problem.empty()) return fault;
    if (Fault fault = needs_positive(spec.height, "height"); !fault.problem.empty()) return fault;
    if (Fault fault = needs_positive(spec.width, "width"); !fault.problem.empty()) return fault;
    plan.output = {plan.input[0], spec.height, spec.width};
    return {};
  }

  Fault operator()(const BackboneSpec&) const { return plan_backbone(plan); }

  template <class Pool>
  [[nodiscard]] Fault pool(const Pool& spec) const {
    const std::int64_t stride = spec.stride == 0 ? spec.size : spec.stride;
    const std::int64_t channels = plan.input.empty() ? 0 : plan.input[0];
    return plan_window(plan, {spec.size, stride, spec.padding}, channels, "size");
  }

  [[nodiscard]] Fault keep_shape() const {
    plan.output = plan.input;
    return {};
  }
};

}  // namespace

Fault plan_layer(LayerPlan& plan) {
  return std::visit(Rules{plan}, plan.layer.kind);
}

}  // namespace svhn::model
