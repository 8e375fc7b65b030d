#include "model/keras/config.h"

#include <algorithm>

#include "core/error.h"
#include "core/json.h"

namespace svhn::model {
namespace {

using core::ExitCode;
using nlohmann::json;

constexpr std::int64_t kMostSize = 1'000'000;
constexpr const char* kHint = "rebuild the model from layers that 'svhn config schema' lists";

[[noreturn]] void refuse_model(const std::string& file, const std::string& what) {
  throw core::Error(ExitCode::model, "'" + file + "': " + what,
                    "Sequential models and plain chains of layers are read");
}

/// Collects the names of the layers that feed a layer of a functional model, in Keras 2's form
/// ([[["dense",0,0,{}]]]) and Keras 3's ([{"args":[{"config":{"keras_history":["dense",0,0]}}]}]).
void collect_inputs(const json& node, std::vector<std::string>& names) {
  if (node.is_object()) {
    const auto history = node.find("keras_history");
    for (const auto& [key, value] : node.items())
      collect_inputs(key == "keras_history" ? json() : value, names);
    if (history != node.end() && history->is_array() && !history->empty() && (*history)[0].is_string())
      names.push_back((*history)[0].get<std::string>());
  } else if (node.is_array()) {
    const bool reference =
        node.size() >= 3 && node[0].is_string() && node[1].is_number() && node[2].is_number();
    if (reference) names.push_back(node[0].get<std::string>());
    for (const json& item : node) collect_inputs(item, names);
  }
}

void check_chain(const std::string& file, const json& layers) {
  std::string previous;
  for (const json& layer : layers) {
    if (!layer.is_object()) refuse_model(file, "a layer in its model_config is not an object");
    std::vector<std::string> inputs;
    if (const auto nodes = layer.find("inbound_nodes"); nodes != layer.end()) collect_inputs(*nodes, inputs);
    const std::string name = text_of(layer, "name");
    const bool follows = previous.empty() ? inputs.empty() : inputs == std::vector{previous};
    if (!follows)
      refuse_model(file, "layer '" + core::printable(name) + "' does not take just the one before it");
    previous = name;
  }
}

const json& layer_list(const std::string& file, const json& model) {
  if (!model.is_object() || !model.contains("config"))
    refuse_model(file, "its model_config describes no model");
  const std::string type = text_of(model, "class_name");
  if (type != "Sequential" && type != "Functional" && type != "Model")
    refuse_model(file, "it is a '" + core::printable(type) + "' model");
  const json& config = model["config"];
  if (config.is_array()) return config;  // Keras before 2.2.3.
  if (!config.is_object() || !config.contains("layers") || !config["layers"].is_array())
    refuse_model(file, "its model_config lists no layers");
  if (type != "Sequential") check_chain(file, config["layers"]);
  return config["layers"];
}

}  // namespace

std::string text_of(const json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

KerasLayer::KerasLayer(std::string file, const json& layer) : file_(std::move(file)) {
  if (!layer.is_object() || !layer.contains("config") || !layer["config"].is_object())
    refuse_model(file_, "a layer in its model_config has no config");
  type_ = text_of(layer, "class_name");
  config_ = layer["config"];
  name_ = text_of(config_, "name");
}

void KerasLayer::refuse(const std::string& what) const {
  throw core::Error(
      ExitCode::model,
      "'" + file_ + "': layer '" + core::printable(name_) + "' (" + core::printable(type_) + "): " + what,
      kHint);
}

bool KerasLayer::has(const char* key) const {
  const auto found = config_.find(key);
  return found != config_.end() && !found->is_null();
}

std::int64_t KerasLayer::integer(const char* key) const {
  const auto found = config_.find(key);
  const bool sound =
      found != config_.end() && found->is_number_integer() && *found >= 1 && *found <= kMostSize;
  if (!sound) refuse(std::string("its ") + key + " is not a number of at least 1");
  return found->get<std::int64_t>();
}

double KerasLayer::number(const char* key, double least, double most) const {
  const auto found = config_.find(key);
  const bool sound = found != config_.end() && found->is_number() && found->get<double>() >= least &&
                     found->get<double>() <= most;
  if (!sound) refuse(std::string("its ") + key + " is not a number in the range that it may have");
  return found->get<double>();
}

bool KerasLayer::boolean(const char* key, bool absent) const {
  if (!has(key)) return absent;
  if (!config_[key].is_boolean()) refuse(std::string("its ") + key + " is neither true nor false");
  return config_[key].get<bool>();
}

std::string KerasLayer::text(const char* key, const char* absent) const {
  if (!has(key)) return absent;
  const json& value = config_[key];
  if (value.is_string()) return value.get<std::string>();
  // A built-in function, serialized as {"class_name": "function", "config": "selu"}.
  std::string inner = value.is_object() ? text_of(value, "config") : std::string();
  if (inner.empty()) refuse(std::string("its ") + key + " is not one of Keras' own");
  return inner;
}

std::int64_t KerasLayer::square(const char* key, std::int64_t absent) const {
  if (!has(key)) return absent;
  const json& value = config_[key];
  if (!value.is_array()) return integer(key);
  const bool sound =
      value.size() == 2 && value[0].is_number_integer() && value[0] >= 1 && value[0] <= kMostSize;
  if (!sound || value[0] != value[1])
    refuse(std::string("its ") + key + " " + core::printable(value.dump()) +
           " is not the same in both directions");
  return value[0].get<std::int64_t>();
}

Shape KerasLayer::batch_shape() const {
  const char* key = has("batch_shape") ? "batch_shape" : "batch_input_shape";
  if (!has(key)) return {};
  const json& value = config_[key];
  const auto is_size = [](const json& size) {
    return size.is_number_integer() && size >= 1 && size <= kMostSize;
  };
  if (!value.is_array() || value.size() < 2 || !std::all_of(value.begin() + 1, value.end(), is_size))
    refuse("its input shape " + core::printable(value.dump()) + " is not fixed");
  return {value.begin() + 1, value.end()};
}

Shape KerasLayer::target_shape(std::int64_t count) const {
  const json value = has("target_shape") ? config_["target_shape"] : json();
  Shape shape;
  std::int64_t known = 1;
  std::int64_t* rest = nullptr;
  bool sound = value.is_array() && !value.empty() && value.size() <= 3;
  if (sound) shape.resize(value.size());
  for (std::size_t i = 0; i < shape.size() && sound; ++i) {
    const bool open = value[i].is_number_integer() && value[i] == -1 && rest == nullptr;
    sound = open || (value[i].is_number_integer() && value[i] >= 1 && value[i] <= count);
    if (!sound) break;
    shape[i] = open ? 1 : value[i].get<std::int64_t>();
    if (open) rest = &shape[i];
    sound = known <= count / shape[i];
    known *= shape[i];
  }
  if (sound && rest != nullptr) *rest = count / known;
  if (!sound || element_count(shape) != count)
    refuse("its target_shape does not fit " + std::to_string(count) + " numbers");
  return shape;
}

std::vector<KerasLayer> read_keras_config(const std::string& file, const std::string& text) {
  const json model = core::parse_json_strict(text, "'" + file + "': model_config", ExitCode::model);
  std::vector<KerasLayer> layers;
  for (const json& layer : layer_list(file, model)) layers.emplace_back(file, layer);
  return layers;
}

}  // namespace svhn::model
