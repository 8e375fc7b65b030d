#include <algorithm>
#include <array>
#include <map>
#include <set>

#include "model/backbones/backbone.h"
#include "model/keras/builder.h"
#include "model/pretrained/match_weights.h"

namespace svhn::model {
namespace {

using nlohmann::json;

/// Refuses a layer whose `key`, which this program does not support, is not 1.
void need_one(const KerasLayer& layer, const char* key) {
  if (layer.square(key, 1) != 1) layer.refuse(std::string("its ") + key + " is not 1");
}

void need_absent(const KerasLayer& layer, const char* key) {
  if (layer.has(key)) layer.refuse(std::string("its ") + key + " is not read");
}

WindowPad padding_of(const KerasLayer& layer) {
  const std::string name = layer.text("padding", "valid");
  if (name == "valid") return WindowPad::valid;
  if (name == "same") return WindowPad::same;
  layer.refuse("its padding is neither valid nor same");
}

/// @param key "l1" or "l2". @returns the kernel's penalty, for further training.
double penalty(const KerasLayer& layer, const char* key) {
  if (!layer.has("kernel_regularizer")) return 0.0;
  const auto& regularizer = layer.config().at("kernel_regularizer");
  if (!regularizer.is_object() || !regularizer.contains("config")) return 0.0;
  const auto& config = regularizer["config"];
  const bool given = config.is_object() && config.contains(key) && config[key].is_number();
  return given ? config[key].get<double>() : 0.0;
}

WeightArray constant(const std::string& name, std::int64_t size, float value) {
  return {name, {size}, std::vector<float>(static_cast<std::size_t>(size), value)};
}

/// @returns a Keras name as graphs spell it.
std::string graph_name(std::string name) {
  std::replace(name.begin(), name.end(), '/', '_');
  return name;
}

const json& inner_layers(const KerasLayer& layer) {
  const auto found = layer.config().find("layers");
  if (found == layer.config().end() || !found->is_array()) layer.refuse("it lists no layers");
  return *found;
}

/// @returns the last layer of a nested model: [["block5_pool",0,0]] or, in Keras 3, ["block5_pool",0,0].
std::string output_of(const KerasLayer& layer) {
  json output = layer.config().value("output_layers", json());
  if (output.is_array() && output.size() == 1) output = output[0];
  return output.is_array() && !output.empty() && output[0].is_string() ? output[0].get<std::string>() : "";
}

/// Refuses a nested model that lacks a layer of the graph or ends with another one.
void check_layers(const KerasLayer& layer, const Graph& graph) {
  std::set<std::string> names;
  for (const json& inner : inner_layers(layer)) {
    if (inner.is_object()) names.insert(graph_name(text_of(inner, "name")));
  }
  for (const Node& node : graph.nodes) {
    const bool counted = node.name.starts_with("conv2d") || node.name.starts_with("batch_normalization");
    if (node.name.empty() || counted || std::holds_alternative<InputOp>(node.op)) continue;
    if (!names.contains(node.name)) layer.refuse("it has no layer '" + node.name + "'");
  }
  const std::string& last = graph.nodes.back().name;
  if (graph_name(output_of(layer)) != last) layer.refuse("it does not end with the layer '" + last + "'");
}

/// @returns the names of the trainable inner layers.
std::vector<std::string> trainable_layers(const KerasLayer& layer, const Graph& graph) {
  std::vector<std::string> names;
  if (!layer.boolean("trainable", true)) return names;
  std::set<std::string> with_tensors;
  for (const Node& node : graph.nodes) {
    if (!node.tensors.empty()) with_tensors.insert(node.name);
  }
  for (const json& inner : inner_layers(layer)) {
    const std::string name = graph_name(text_of(inner, "name"));
    const bool trainable = inner.contains("config") && inner["config"].is_object() &&
                           inner["config"].value("trainable", json(true)) == json(true);
    if (trainable && with_tensors.contains(name)) names.push_back(name);
  }
  return names.size() == with_tensors.size() ? std::vector<std::string>{"*"} : names;
}

bool is_backbone(const std::string& name) {
  const auto names = backbone_names();
  return name != kTorchScript && std::find(names.begin(), names.end(), name) != names.end();
}

}  // namespace

Activation keras_activation(const KerasLayer& layer, const std::string& name) {
  static const std::map<std::string_view, Activation> kNames{
      {"linear", Activation::linear},  {"relu", Activation::relu},       {"selu", Activation::selu},
      {"tanh", Activation::tanh},      {"sigmoid", Activation::sigmoid}, {"elu", Activation::elu},
      {"gelu", Activation::gelu},      {"swish", Activation::swish},     {"silu", Activation::swish},
      {"softmax", Activation::softmax}};
  const auto found = kNames.find(name);
  if (found == kNames.end()) layer.refuse("its activation '" + name.substr(0, 60) + "' is not read");
  return found->second;
}

void KerasBuilder::reshape(const KerasLayer& layer) {
  const Shape target = layer.target_shape(element_count(value_.shape));
  auto value = reshaped(value_, target);
  if (!value)
    layer.refuse("reshaping " + shape_text(value_.shape) + " to " + shape_text(target) +
                 " would need the numbers in another order");
  push(layer, ReshapeOp{chw_shape(target)});
  value_ = std::move(*value);
  vector_input_ = false;
}

void KerasBuilder::flatten(const KerasLayer& layer) {
  push(layer, FlattenOp{});
  value_ = flattened(value_);
}

void KerasBuilder::dense(const KerasLayer& layer) {
  need_rank(layer, 1);
  DenseOp spec;
  spec.units = layer.integer("units");
  spec.activation = keras_activation(layer, layer.text("activation", "linear"));
  spec.use_bias = layer.boolean("use_bias", true);
  spec.l1 = penalty(layer, "l1");
  spec.l2 = penalty(layer, "l2");
  WeightArray kernel = take(layer, "weight", {spec.units, value_.shape[0]});
  if (value_.image) reorder_last(kernel, *value_.image);
  model_.arrays.push_back(std::move(kernel));
  if (spec.use_bias) model_.arrays.push_back(take(layer, "bias", {spec.units}));
  value_ = {{spec.units}, std::nullopt};
  push(layer, spec);
}

void KerasBuilder::convolution(const KerasLayer& layer) {
  need_rank(layer, 3);
  need_one(layer, "dilation_rate");
  need_one(layer, "groups");
  Conv2dOp spec;
  spec.filters = layer.integer("filters");
  spec.window.height = layer.square("kernel_size", 1);
  spec.window.stride = layer.square("strides", 1);
  spec.window.pad = padding_of(layer);
  if (padding_ > 0) {
    const bool same = spec.window.pad == WindowPad::valid && spec.window.stride == 1 &&
                      spec.window.height == 2 * padding_ + 1;
    if (!same) layer.refuse("with the ZeroPadding2D before it, it is no convolution with same padding");
    spec.window.pad = WindowPad::same;
    padding_ = 0;
  }
  spec.activation = keras_activation(layer, layer.text("activation", "linear"));
  spec.use_bias = layer.boolean("use_bias", true);
  spec.l1 = penalty(layer, "l1");
  spec.l2 = penalty(layer, "l2");
  model_.arrays.push_back(
      take(layer, "weight", {spec.filters, value_.shape[2], spec.window.height, spec.window.height}));
  if (spec.use_bias) model_.arrays.push_back(take(layer, "bias", {spec.filters}));
  push(layer, spec);
  update_image(layer);
}

void KerasBuilder::batch_norm(const KerasLayer& layer) {
  const auto rank = static_cast<std::int64_t>(value_.shape.size());
  const auto axis = layer.config().value("axis", json(-1));
  const auto& last = axis.is_array() && axis.size() == 1 ? axis[0] : axis;
  if (rank == 2 || (last != -1 && last != rank)) layer.refuse("it does not normalise the channels");
  if (layer.boolean("renorm", false)) layer.refuse("its renorm is not read");
  need_absent(layer, "virtual_batch_size");
  const std::int64_t size = value_.shape.back();
  const std::string name = valid_layer_name(layer.name());
  const bool scale = layer.boolean("scale", true), center = layer.boolean("center", true);
  std::array arrays{scale ? take(layer, "weight", {size}) : constant(name + ".weight", size, 1.0F),
                    center ? take(layer, "bias", {size}) : constant(name + ".bias", size, 0.0F),
                    take(layer, "running_mean", {size}), take(layer, "running_var", {size})};
  for (WeightArray& array : arrays) {
    if (value_.image) reorder_last(array, *value_.image);
    model_.arrays.push_back(std::move(array));
  }
  push(layer, BatchNormOp{layer.number("epsilon", 1e-12, 1.0), layer.number("momentum", 0.0, 0.9999999)});
}

template <class Spec>
void KerasBuilder::pool(const KerasLayer& layer) {
  need_rank(layer, 3);
  Spec spec;
  spec.window.height = layer.square("pool_size", 2);
  spec.window.stride = layer.square("strides", spec.window.height);
  spec.window.pad = padding_of(layer);
  push(layer, spec);
  update_image(layer);
}

template void KerasBuilder::pool<MaxPool2dOp>(const KerasLayer& layer);
template void KerasBuilder::pool<AveragePool2dOp>(const KerasLayer& layer);

void KerasBuilder::global_average(const KerasLayer& layer) {
  need_rank(layer, 3);
  if (layer.boolean("keepdims", false)) layer.refuse("its keepdims is not read");
  push(layer, GlobalAveragePoolOp{});
  update_image(layer);
}

void KerasBuilder::dropout(const KerasLayer& layer) {
  need_absent(layer, "noise_shape");
  push(layer, DropoutOp{layer.number("rate", 0.0, 0.9999999)});
}

void KerasBuilder::activation(const KerasLayer& layer) {
  std::string name = layer.text("activation", "");
  if (layer.type() == "ReLU") {
    need_absent(layer, "max_value");
    for (const char* key : {"negative_slope", "threshold"}) {
      if (layer.has(key) && layer.number(key, 0.0, 1e9) != 0.0)
        layer.refuse(std::string("its ") + key + " is not 0");
    }
    name = "relu";
  } else if (layer.type() == "ELU") {
    if (layer.has("alpha") && layer.number("alpha", 0.0, 1e9) != 1.0) layer.refuse("its alpha is not 1");
    name = "elu";
  } else if (layer.type() == "Softmax") {
    if (value_.shape.size() != 1) layer.refuse("its input is not a vector");
    name = "softmax";
  }
  push(layer, ActivationOp{keras_activation(layer, name)});
}

void KerasBuilder::zero_padding(const KerasLayer& layer) {
  need_rank(layer, 3);
  const auto padding = layer.config().value("padding", json());
  const json pair = padding.is_array() && padding.size() == 2 ? padding : json{padding, padding};
  const auto side = [](const json& p) {
    const bool even = p.is_array() && p.size() == 2 && p[0] == p[1];
    const json& n = even ? p[0] : p;
    return n.is_number_integer() && n >= 1 && n <= 100 ? n.get<std::int64_t>() : 0;
  };
  padding_ = side(pair[0]);
  if (padding_ == 0 || side(pair[1]) != padding_) layer.refuse("it does not pad all four sides alike");
}

void KerasBuilder::nested(const KerasLayer& layer) {
  need_rank(layer, 3);
  if (!is_backbone(layer.name()))
    layer.refuse("a nested model must be a network of keras.applications by its own name");
  BackboneSpec spec;
  spec.backbone = canonical_backbone(layer.name());
  spec.variant = BackboneVariant::keras;
  const Shape input = chw_shape(value_.shape);
  if (const LayerError error = check_backbone(spec, input)) layer.refuse(error.problem);
  const Graph graph = backbone_graph(spec, input);
  check_layers(layer, graph);
  spec.trainable = trainable_layers(layer, graph);

  WeightSource source{WeightOrigin::keras, "Keras HDF5", {}};
  for (const KerasArray& array : arrays_) {
    if (array.layer != layer.name()) continue;
    source.arrays.push_back(read_keras_array(file_, array));
    source.arrays.back().name = (array.node.empty() ? array.layer : array.node) + "." + array.role;
  }
  std::erase_if(arrays_, [&](const KerasArray& array) { return array.layer == layer.name(); });
  const auto found = match_weights(spec, graph, source, file_.path());
  const std::string name = valid_layer_name(layer.name());
  GraphBuilder builder(input);
  if (const LayerError error = add_backbone(builder, spec, {name, 0, 0})) layer.refuse(error.problem);
  std::size_t i = 0;
  for (const Node& node : builder.graph().nodes) {
    for (const TensorPlan& tensor : node.tensors) {
      model_.arrays.push_back({tensor.name, found[i]->shape, found[i]->values});
      ++i;
    }
  }
  model_.spec.layers.push_back({name, spec});
  const Shape& out = builder.graph().output();
  value_ = {{out[1], out[2], out[0]}, std::nullopt};
}

}  // namespace svhn::model
