#include "model/keras/conversion.h"

#include <algorithm>
#include <cctype>
#include <cmath>
#include <utility>

#include "core/error.h"
#include "core/json.h"
#include "model/graph/graph.h"

namespace svhn::model {
namespace {

constexpr std::int64_t kSide = 32;      // Of a digit.
constexpr std::int64_t kLeastSide = 8;  // Of an image that comes as a vector.
constexpr std::size_t kLongestName = 64;
constexpr std::size_t kMostRenamed = 10;  // In notes.

/// @returns [C,H,W] of an input; a vector may be a square image, grey or RGB.
Shape image_input(const KerasLayer& layer, const Shape& keras) {
  if (keras.size() == 3 || keras.size() == 2) return chw_shape(keras);
  for (const std::int64_t channels : {1, 3}) {
    const auto side = std::llround(std::sqrt(static_cast<double>(keras[0]) / static_cast<double>(channels)));
    const bool fits = keras.size() == 1 && side >= kLeastSide && side * side * channels == keras[0];
    if (fits) return {channels, side, side};
  }
  layer.refuse("the model's input " + shape_text(keras) + " is no image",
               "digits enter as [height,width,1 or 3], or as a square image's numbers, such as 1024 or 3072");
}

std::string allowed_name(std::string_view keras) {
  std::string name(keras);
  for (char& c : name) {
    const bool allowed = std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '-';
    if (!allowed) c = '_';
  }
  return name;
}

WeightArray constant(const std::string& name, const Shape& shape, float value) {
  return {name, shape, std::vector<float>(static_cast<std::size_t>(element_count(shape)), value)};
}

/// Removes inputs that are the layer before anyway.
void simplify_inputs(ModelSpec& spec) {
  std::string before = kInputName;
  for (LayerSpec& layer : spec.layers) {
    if (layer.inputs.size() == 1 && layer.inputs[0] == before) layer.inputs.clear();
    before = layer.name;
  }
}

}  // namespace

KerasConversion::KerasConversion(const KerasTopology& topology, KerasArrays& arrays, int major)
    : topology_(topology), arrays_(arrays), major_(major), names_{kInputName} {}

void KerasConversion::set_input() {
  Shape keras = topology_.input;
  if (std::find(keras.begin(), keras.end(), 0) != keras.end()) {
    std::replace(keras.begin(), keras.end(), std::int64_t{0}, kSide);
    note("the model takes images of any size; here it takes " + std::to_string(keras[0]) + "x" +
         std::to_string(keras[1]) + " pixels");
  }
  model_.keras_input = keras;
  model_.input = image_input(topology_.calls.front().layer, keras);
  ElementOrder order;
  if (keras.size() == 1) order = flattened_order({model_.input[1], model_.input[2], model_.input[0]});
  values_.push_back({kInputName, keras, model_.input, std::move(order)});
}

void KerasConversion::flatten_input() {
  KerasValue& value = values_.front();
  const std::string name = unique_name("input_flatten");
  model_.spec.layers.push_back({name, FlattenOp{}, true, {value.layer}});
  value.layer = name;
  value.here = value.shape;
}

const KerasValue& KerasConversion::input(std::size_t index) {
  const std::size_t id = call_->inputs[index];
  const bool flat = values_[id].is_vector() && values_[id].here.size() != 1;
  if (flat && values_[id].layer == kInputName) {
    flatten_input();
    // What was left out of the model may have passed the input on.
    for (KerasValue& value : values_) {
      if (value.layer == kInputName) value = values_.front();
    }
  }
  return values_[id];
}

void KerasConversion::need_rank(std::size_t rank) {
  const Shape& shape = input().shape;
  if (shape.size() == rank) return;
  layer().refuse("its input " + shape_text(shape) + " is not " +
                 (rank == 3 ? "an image [height,width,channels]" : "a vector"));
}

std::vector<WeightArray> KerasConversion::read_variables() {
  std::vector<WeightArray> result;
  std::size_t position = 0;
  for (const KerasVariable& variable : row_->variables) {
    if (variable.flag != nullptr && !layer().boolean(variable.flag, true)) continue;
    if (call_->calls > 1)
      layer().refuse(
          "it is called " + std::to_string(call_->calls) + " times, and shared weights are not read",
          "use a layer of its own for each call");
    if (variable.skipped) {
      arrays_.skip(*call_, variable, position++);
      continue;
    }
    result.push_back(arrays_.read(*call_, variable, position++));
    const KerasValue& value = values_[call_->inputs.front()];
    const bool fits = !result.back().shape.empty() && result.back().shape.back() == value.shape[0];
    if (variable.by_element && value.is_vector() && fits) reorder_last(result.back(), value.order);
  }
  return result;
}

std::string KerasConversion::unique_name(const std::string& wanted) {
  const std::string name = allowed_name(wanted).substr(0, kLongestName);
  std::string result = name;
  std::size_t& number = numbers_[name];
  while (result.empty() || !names_.insert(result).second) {
    const std::string end = "_" + std::to_string(++number + 1);
    result = name.substr(0, kLongestName - end.size()) + end;
  }
  return result;
}

std::string KerasConversion::layer_name(const std::string& suffix) {
  std::string prefix;
  for (const std::string& model : layer().scope()) prefix += allowed_name(model) + "_";
  const std::string wanted = prefix + layer().name() + suffix;
  const std::string name = unique_name(wanted);
  if (name != wanted) renamed_.push_back(layer().title() + " is called '" + name + "' here");
  return name;
}

void KerasConversion::add_arrays(const std::string& name, const OpPlan& plan,
                                 std::vector<WeightArray> arrays) {
  for (const OpTensor& tensor : plan.tensors) {
    const auto found = std::find_if(arrays.begin(), arrays.end(),
                                    [&](const WeightArray& array) { return array.name == tensor.suffix; });
    const std::string full = name + "." + tensor.suffix;
    if (found == arrays.end()) {
      model_.arrays.push_back(constant(full, tensor.shape, tensor.role == TensorRole::gamma ? 1.0F : 0.0F));
      continue;
    }
    if (found->shape != tensor.shape)
      layer().refuse("its " + tensor.suffix + " is " + shape_text(found->shape) + ", but " +
                     shape_text(tensor.shape) + " is needed");
    model_.arrays.push_back({full, std::move(found->shape), std::move(found->values)});
  }
}

void KerasConversion::add_layer(Operation op, std::vector<WeightArray> arrays,
                                const std::vector<std::string>& inputs, const std::vector<Shape>& shapes,
                                const std::string& suffix) {
  if (shapes.size() > op_info(op).max_inputs)
    layer().refuse("it is called with " + std::to_string(shapes.size()) + " inputs");
  OpPlan plan{shapes, {}, {}};
  if (const LayerError error = infer_op(op, plan)) layer().refuse(error.problem, error.hint);
  if (!fits_bound(plan.output, kMaxActivations))
    layer().refuse("its output " + shape_text(plan.output) + " is too large");
  if (arrays.empty() && !plan.tensors.empty()) arrays = read_variables();
  const std::string name = layer_name(suffix);
  add_arrays(name, plan, std::move(arrays));
  model_.spec.layers.push_back({name, std::move(op), call_->trainable, inputs});
  values_.back() = value_here(name, plan.output);
}

std::string KerasConversion::call_suffix() const {
  return call_->call == 0 ? "" : "_" + std::to_string(call_->call + 1);
}

void KerasConversion::push(Operation op, std::vector<WeightArray> arrays) {
  std::vector<std::string> inputs;
  std::vector<Shape> shapes;
  for (std::size_t i = 0; i < input_count(); ++i) {
    inputs.push_back(input(i).layer);
    shapes.push_back(input(i).here);
  }
  add_layer(std::move(op), std::move(arrays), inputs, shapes, call_suffix());
}

void KerasConversion::push(Operation op) {
  push(std::move(op), {});
}

void KerasConversion::push_raw(Operation op) {
  const KerasValue& value = raw_input();
  add_layer(std::move(op), {}, {value.layer}, {value.here}, call_suffix());
}

void KerasConversion::push_elementwise(Operation op) {
  push(std::move(op));
  result().shape = input().shape;
  result().order = input().order;
}

void KerasConversion::push_behind(Operation op, const std::string& suffix) {
  const KerasValue before = result();
  add_layer(std::move(op), {}, {before.layer}, {before.here}, suffix);
  if (result().here != before.here) return;
  result().shape = before.shape;
  result().order = before.order;
}

void KerasConversion::pass_input() {
  if (input_count() != 1) layer().refuse("it is called with " + std::to_string(input_count()) + " inputs");
  values_.back() = raw_input();
}

void KerasConversion::check_policy() {
  const auto& config = layer().config();
  const auto found = config.find("dtype");
  if (found == config.end()) return;
  std::string policy = found->is_string() ? found->get<std::string>() : "";
  if (found->is_object() && found->contains("config") && (*found)["config"].is_object())
    policy = text_of((*found)["config"], "name");
  if (policy.empty() || policy == "float32" || policy == "float64") return;
  if (policy.find("int") != std::string::npos || policy.find("float8") != std::string::npos)
    layer().refuse("its weights are quantized (" + core::printable(policy) + ")",
                   "save the model before it is quantized");
  if (!std::exchange(noted_policy_, true))
    note("the model computes in " + core::printable(policy) + "; here it computes in float32");
}

void KerasConversion::convert(const KerasCall& call) {
  call_ = &call;
  values_.emplace_back();
  row_ = find_keras_class(call.layer.type());
  if (layer().is_operation() && layer().type() != "Add")
    layer().refuse("operations of this class are not read", "use a layer in its place; x + y is read");
  if (row_ == nullptr) layer().refuse("layers of this class are not read");
  if (layer().text("data_format", "channels_last") != "channels_last")
    layer().refuse("it wants channels first");
  if (layer().has("lora_rank")) layer().refuse("its LoRA weights are not read", "merge them into the kernel");
  check_policy();
  row_->convert(*this);
}

std::size_t KerasConversion::convert_submodel(const KerasSubmodel& submodel) {
  const KerasValue& from = values_[submodel.input];
  LayerSpec layer{unique_name(submodel.layer.name()), FlattenOp{}, true, {from.layer}};
  const Shape output =
      from.is_image() ? read_keras_backbone(topology_, submodel, from.here, arrays_, layer, model_.arrays)
                      : Shape();
  if (output.empty()) {
    names_.erase(layer.name);
    return submodel.first;
  }
  values_.resize(submodel.last + 1);
  values_[submodel.output] = value_here(layer.name, output);
  model_.spec.layers.push_back(std::move(layer));
  return submodel.last;
}

void KerasConversion::finish() {
  if (values_[topology_.output].layer == kInputName)
    topology_.calls.front().layer.refuse("nothing of the model is left in inference");
  arrays_.check_all_used();
  const std::size_t told = std::min(renamed_.size(), kMostRenamed);
  for (std::size_t i = 0; i < told; ++i) note(renamed_[i]);
  if (told < renamed_.size())
    note("further layers with other names here: " + std::to_string(renamed_.size() - told));
  simplify_inputs(model_.spec);
}

KerasModel KerasConversion::run() {
  set_input();
  auto submodel = topology_.submodels.begin();
  for (std::size_t i = 0; i < topology_.calls.size();) {
    std::size_t next = i;
    for (; submodel != topology_.submodels.end() && submodel->first == i && next == i; ++submodel) {
      if (submodel->last > i) next = convert_submodel(*submodel);
    }
    if (next == i) convert(topology_.calls[next++]);
    i = next;
  }
  finish();
  return std::move(model_);
}

}  // namespace svhn::model
