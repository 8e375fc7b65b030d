#include "model/keras/builder.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <map>

#include "core/error.h"
#include "core/json.h"
#include "model/plan_layer.h"

namespace svhn::model {
namespace {

constexpr std::int64_t kGreyInput = std::int64_t{32} * 32, kColourInput = 3 * kGreyInput;

/// [C,H,W] of an input: flat ones are street view digits.
Shape image_input(const KerasLayer& layer, const Shape& keras) {
  if (keras.size() == 3 || keras.size() == 2) return our_shape(keras);
  if (keras == Shape{kGreyInput}) return {1, 32, 32};
  if (keras == Shape{kColourInput}) return {3, 32, 32};
  layer.refuse("its input " + shape_text(keras) + " is neither an image nor 1024 or 3072 numbers");
}

}  // namespace

std::string our_layer_name(std::string_view keras) {
  std::string name(keras.substr(0, 64));
  for (char& c : name) {
    const bool allowed = std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '-';
    if (!allowed) c = '_';
  }
  return name;
}

KerasBuilder::KerasBuilder(const formats::Hdf5File& file, std::vector<KerasArray> arrays)
    : file_(file), arrays_(std::move(arrays)) {}

void KerasBuilder::set_input(const KerasLayer& layer) {
  model_.keras_input = layer.batch_shape();
  if (model_.keras_input.empty()) layer.refuse("the model does not say which input it takes");
  model_.input = image_input(layer, model_.keras_input);
  vector_input_ = model_.keras_input.size() == 1;
  value_ = {model_.keras_input, std::nullopt};
  if (vector_input_) value_.image = image_order({model_.input[1], model_.input[2], model_.input[0]});
  started_ = true;
}

void KerasBuilder::add(const KerasLayer& layer) {
  if (!started_) set_input(layer);
  if (layer.type() == "InputLayer") return;
  if (layer.text("data_format", "channels_last") != "channels_last") layer.refuse("it wants channels first");
  if (padding_ > 0 && layer.type() != "Conv2D") layer.refuse("only a convolution may follow a ZeroPadding2D");
  if (vector_input_ && layer.type() != "Reshape") flatten_input();
  dispatch(layer);
}

void KerasBuilder::dispatch(const KerasLayer& layer) {
  using Add = void (KerasBuilder::*)(const KerasLayer&);
  using B = KerasBuilder;
  static const std::map<std::string_view, Add> kLayers{{"Reshape", &B::reshape},
                                                       {"Flatten", &B::flatten},
                                                       {"Dense", &B::dense},
                                                       {"Conv2D", &B::convolution},
                                                       {"BatchNormalization", &B::batch_norm},
                                                       {"MaxPooling2D", &B::pool<MaxPool2dSpec>},
                                                       {"AveragePooling2D", &B::pool<AveragePool2dSpec>},
                                                       {"GlobalAveragePooling2D", &B::global_average},
                                                       {"Dropout", &B::dropout},
                                                       {"Activation", &B::activation},
                                                       {"ReLU", &B::activation},
                                                       {"ELU", &B::activation},
                                                       {"Softmax", &B::activation},
                                                       {"ZeroPadding2D", &B::zero_padding},
                                                       {"Functional", &B::nested},
                                                       {"Model", &B::nested}};
  const auto found = kLayers.find(layer.type());
  if (found == kLayers.end()) layer.refuse("layers of this class are not read");
  (this->*found->second)(layer);
}

void KerasBuilder::flatten_input() {
  model_.spec.layers.push_back({"input_flatten", FlattenSpec{}});
  vector_input_ = false;
}

void KerasBuilder::push(const KerasLayer& layer, LayerKind kind) {
  const bool trainable = layer.boolean("trainable", true);
  model_.spec.layers.push_back({our_layer_name(layer.name()), std::move(kind), trainable});
}

void KerasBuilder::need_rank(const KerasLayer& layer, std::size_t rank) const {
  if (value_.shape.size() == rank) return;
  layer.refuse("its input " + shape_text(value_.shape) + " is not " +
               (rank == 3 ? "an image [height,width,channels]" : "a vector"));
}

void KerasBuilder::step_image(const KerasLayer& layer) {
  LayerPlan plan{model_.spec.layers.back(), our_shape(value_.shape), {}, {}};
  const Fault fault = plan_layer(plan);
  if (!fault.problem.empty()) layer.refuse(fault.problem);
  const Shape& out = plan.output;
  value_ = {out.size() == 3 ? Shape{out[1], out[2], out[0]} : out, std::nullopt};
}

bool KerasBuilder::has_array(const KerasLayer& layer, std::string_view role) const {
  return std::any_of(arrays_.begin(), arrays_.end(), [&](const KerasArray& array) {
    return array.layer == layer.name() && array.node.empty() && array.role == role;
  });
}

WeightArray KerasBuilder::take(const KerasLayer& layer, std::string_view role, const Shape& shape) {
  const auto found = std::find_if(arrays_.begin(), arrays_.end(), [&](const KerasArray& array) {
    return array.layer == layer.name() && array.node.empty() && array.role == role;
  });
  if (found == arrays_.end()) layer.refuse("the file has no " + std::string(role) + " for it");
  WeightArray array = read_keras_array(file_, *found);
  arrays_.erase(found);
  if (array.shape != shape)
    layer.refuse("its " + std::string(role) + " is " + shape_text(array.shape) + ", but " +
                 shape_text(shape) + " is needed");
  array.name = our_layer_name(layer.name()) + "." + std::string(role);
  return array;
}

void KerasBuilder::check_all_taken() const {
  if (arrays_.empty()) return;
  file_.fail("the array '" + core::printable(arrays_.front().name()) + "' belongs to no layer of the model",
             "the file is not what it says it is");
}

KerasModel KerasBuilder::finish() {
  if (padding_ > 0 || model_.spec.layers.empty())
    file_.fail("the model has no layers, or ends in a ZeroPadding2D");
  if (vector_input_) flatten_input();
  check_all_taken();
  try {
    static_cast<void>(plan_network(model_.spec, model_.input, {10, core::ExitCode::model}));
  } catch (const core::Error& error) {
    file_.fail(error.what(), error.hint());
  }
  return std::move(model_);
}

}  // namespace svhn::model
