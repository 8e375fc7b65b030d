#include "model/keras/classes.h"

#include <algorithm>
#include <vector>

#include "core/error.h"
#include "model/plan.h"
#include "model/spec_json.h"

namespace svhn::model {
namespace {

constexpr std::size_t kDigits = 10;
using Outputs = std::vector<std::size_t>;

/// @returns the output of each class, the digits 1 to 9 and 0.
Outputs outputs_of(ClassOrder order, std::int64_t count) {
  Outputs outputs;
  for (std::size_t index = 0; index < kDigits; ++index) {
    const std::size_t digit = (index + 1) % kDigits;
    const std::size_t label = digit == 0 ? kDigits : digit;  // Stanford's.
    const bool from_zero = order == ClassOrder::digit;
    outputs.push_back(from_zero ? digit : count > static_cast<std::int64_t>(kDigits) ? label : index);
  }
  return outputs;
}

void check_outputs(const KerasModel& model, ClassOrder order, const std::string& file) {
  const Shape& output = model.output;
  if (output == Shape{kDigits} || (output == Shape{kDigits + 1} && order == ClassOrder::svhn)) return;
  const bool eleven = output == Shape{kDigits + 1};
  throw core::Error(core::ExitCode::model,
                    "'" + file + "': its output is " + shape_text(output) + ", but digits have 10 classes",
                    eleven ? "--classes svhn takes outputs 1 to 10, the last for the digit 0"
                           : "convert a model that ends with Dense(10)");
}

/// @returns whether every number of the result comes from the one number in its place.
bool keeps_places(const Operation& op) {
  return std::holds_alternative<ActivationOp>(op) || std::holds_alternative<LeakyReluOp>(op) ||
         std::holds_alternative<RescaleOp>(op) || std::holds_alternative<DropoutOp>(op);
}

/// @returns the dense layer that gives the outputs, possibly through activations; nullptr when there is none.
LayerSpec* last_dense(ModelSpec& spec) {
  for (std::size_t i = spec.layers.size(); i-- > 0;) {
    LayerSpec& layer = spec.layers[i];
    if (std::holds_alternative<DenseOp>(layer.op)) return &layer;
    if (!keeps_places(layer.op) || !layer.inputs.empty()) break;
  }
  return nullptr;
}

void pick_rows(WeightArray& array, const Outputs& outputs) {
  const auto rows = static_cast<std::size_t>(array.shape[0]);
  const auto row = static_cast<std::ptrdiff_t>(array.values.size() / rows);
  std::vector<float> picked;
  for (const std::size_t output : outputs) {
    const auto first = array.values.begin() + static_cast<std::ptrdiff_t>(output) * row;
    picked.insert(picked.end(), first, first + row);
  }
  array.values = std::move(picked);
  array.shape[0] = static_cast<std::int64_t>(outputs.size());
}

void pick_rows_of(KerasModel& model, LayerSpec& dense, const Outputs& outputs) {
  for (WeightArray& array : model.arrays) {
    if (array.name == dense.name + ".weight" || array.name == dense.name + ".bias") pick_rows(array, outputs);
  }
  std::get<DenseOp>(dense.op).units = static_cast<std::int64_t>(outputs.size());
}

/// Adds a dense layer of zeros and ones. It takes over the last activation, which may be a softmax.
void add_picking_layer(KerasModel& model, const Outputs& outputs) {
  std::vector<LayerSpec>& layers = model.spec.layers;
  const auto taken = [&](const std::string& name) {
    return std::any_of(layers.begin(), layers.end(),
                       [&](const LayerSpec& layer) { return layer.name == name; });
  };
  LayerSpec layer{"class_order", {}};
  while (taken(layer.name)) layer.name += "_";
  const Activation activation = take_activation(layers.back().op);
  if (layers.size() > 1 && std::holds_alternative<ActivationOp>(layers.back().op)) {
    layer.inputs = layers.back().inputs;
    layers.pop_back();
  }
  layer.op = DenseOp{
      .units = static_cast<std::int64_t>(outputs.size()), .activation = activation, .use_bias = false};
  WeightArray ones{layer.name + ".weight", {static_cast<std::int64_t>(outputs.size()), model.output[0]}, {}};
  for (const std::size_t output : outputs) {
    std::vector<float> row(static_cast<std::size_t>(model.output[0]), 0.0F);
    row[output] = 1.0F;
    ones.values.insert(ones.values.end(), row.begin(), row.end());
  }
  model.arrays.push_back(std::move(ones));
  model.notes.push_back("layer '" + layer.name + "' puts the outputs into the order of the digits 1 to 9, 0");
  layers.push_back(std::move(layer));
}

}  // namespace

ClassOrder assumed_class_order(const KerasModel& model) {
  return model.output == Shape{kDigits + 1} ? ClassOrder::svhn : ClassOrder::index;
}

void order_classes(KerasModel& model, ClassOrder order, const std::string& file) {
  check_outputs(model, order, file);
  const Outputs outputs = outputs_of(order, model.output[0]);
  const bool in_order = std::is_sorted(outputs.begin(), outputs.end()) && model.output == Shape{kDigits};
  if (in_order) return;
  if (LayerSpec* dense = last_dense(model.spec)) {
    pick_rows_of(model, *dense, outputs);
  } else {
    add_picking_layer(model, outputs);
  }
  model.output = {static_cast<std::int64_t>(outputs.size())};
}

}  // namespace svhn::model
