#include "model/keras/import.h"

#include <algorithm>
#include <cctype>
#include <map>
#include <utility>

#include "core/error.h"
#include "core/json.h"
#include "model/keras/builder.h"

namespace svhn::model {
namespace {

constexpr std::int64_t kGreyInput = std::int64_t{32} * 32, kColourInput = 3 * kGreyInput;

/// @returns [C,H,W] of an input; 1024 or 3072 numbers are an SVHN image.
Shape image_input(const KerasLayer& layer, const Shape& keras) {
  if (keras.size() == 3 || keras.size() == 2) return chw_shape(keras);
  if (keras == Shape{kGreyInput}) return {1, 32, 32};
  if (keras == Shape{kColourInput}) return {3, 32, 32};
  layer.refuse("its input " + shape_text(keras) + " is neither an image nor 1024 or 3072 numbers");
}

/// A final softmax is not applied; any other function changes the logits.
void note_missing_softmax(KerasModel& model) {
  const Activation activation = activation_of(model.spec.layers.back().op);
  if (activation == Activation::softmax) return;
  model.notes.emplace_back("the model does not end in softmax: its outputs are read as logits");
}

}  // namespace

std::optional<Shape> image_order(const Shape& hwc) {
  const bool same = hwc[2] == 1 || (hwc[0] == 1 && hwc[1] == 1);
  return same ? std::nullopt : std::optional(hwc);
}

Shape chw_shape(const Shape& keras) {
  if (keras.size() == 3) return {keras[2], keras[0], keras[1]};
  if (keras.size() == 2) return {1, keras[0], keras[1]};
  return keras;
}

KerasValue flattened(const KerasValue& value) {
  const Shape vector{element_count(value.shape)};
  return {vector, value.shape.size() == 3 ? image_order(value.shape) : value.image};
}

std::optional<KerasValue> reshaped(const KerasValue& value, const Shape& shape) {
  KerasValue vector = flattened(value);
  if (shape.size() == 1) return vector;
  const auto wanted = shape.size() == 3 ? image_order(shape) : std::nullopt;
  const bool same_order =
      wanted.has_value() == vector.image.has_value() && (!wanted || wanted->back() == vector.image->back());
  return same_order ? std::optional(KerasValue{shape, std::nullopt}) : std::nullopt;
}

void reorder_last(WeightArray& array, const Shape& image) {
  const auto channels = static_cast<std::size_t>(image[2]);
  const auto pixels = static_cast<std::size_t>(image[0] * image[1]);
  const std::size_t length = channels * pixels;
  std::vector<float> row(length);
  for (std::size_t start = 0; start < array.values.size(); start += length) {
    for (std::size_t c = 0; c < channels; ++c) {
      for (std::size_t p = 0; p < pixels; ++p) row[c * pixels + p] = array.values[start + p * channels + c];
    }
    std::copy(row.begin(), row.end(), array.values.begin() + static_cast<std::ptrdiff_t>(start));
  }
}

std::string valid_layer_name(std::string_view keras) {
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
                                                       {"MaxPooling2D", &B::pool<MaxPool2dOp>},
                                                       {"AveragePooling2D", &B::pool<AveragePool2dOp>},
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
  model_.spec.layers.push_back({"input_flatten", FlattenOp{}});
  vector_input_ = false;
}

void KerasBuilder::push(const KerasLayer& layer, Operation op) {
  const bool trainable = layer.boolean("trainable", true);
  model_.spec.layers.push_back({valid_layer_name(layer.name()), std::move(op), trainable});
}

void KerasBuilder::need_rank(const KerasLayer& layer, std::size_t rank) const {
  if (value_.shape.size() == rank) return;
  layer.refuse("its input " + shape_text(value_.shape) + " is not " +
               (rank == 3 ? "an image [height,width,channels]" : "a vector"));
}

void KerasBuilder::update_image(const KerasLayer& layer) {
  OpPlan plan{{chw_shape(value_.shape)}, {}, {}};
  if (const LayerError error = infer_op(model_.spec.layers.back().op, plan)) layer.refuse(error.problem);
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
  array.name = valid_layer_name(layer.name()) + "." + std::string(role);
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

bool holds_keras_model(const formats::Hdf5File& file) {
  return file.texts("", "model_config").has_value();
}

KerasModel import_keras_model(const formats::Hdf5File& file) {
  const auto config = file.texts("", "model_config");
  if (!config || config->size() != 1) file.fail("the file describes no Keras model (no 'model_config')");
  KerasBuilder builder(file, list_keras_arrays(file, keras_weights_root(file)));
  for (const KerasLayer& layer : read_keras_config(file.path().string(), config->front())) builder.add(layer);
  KerasModel model = builder.finish();
  note_missing_softmax(model);
  return model;
}

}  // namespace svhn::model
