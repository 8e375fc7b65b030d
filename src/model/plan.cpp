#include "model/plan.h"

#include <algorithm>
#include <numeric>
#include <utility>

#include "model/plan_layer.h"
#include "model/spec_json.h"

namespace svhn::model {
namespace {

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
    // Without the bound on a single tensor the sum could overflow.
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
  const Fault fault = plan_layer(plan);
  if (!fault.problem.empty()) throw core::Error(code, title(layer) + ": " + fault.problem, fault.hint);
  if (!fits_bound(plan.output, kMaxActivations)) {
    throw core::Error(code,
                      title(layer) + ": its output " + shape_text(plan.output) + " holds more than " +
                          std::to_string(kMaxActivations) + " numbers",
                      "use smaller sizes");
  }
  return plan;
}

}  // namespace

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
