#include "model/keras/config.h"

#include <algorithm>

#include "core/error.h"
#include "core/json.h"

namespace svhn::model {
namespace {

using core::ExitCode;
using nlohmann::json;

constexpr std::int64_t kMostSize = 1'000'000;
constexpr std::size_t kLongestKerasName = 200;
constexpr const char* kHint = "rebuild the model from layers that 'svhn config schema' lists";

bool is_size(const json& value) {
  return value.is_number_integer() && value >= 1 && value <= kMostSize;
}

/// Appends the numbers of nested lists. @returns whether there is nothing else in them.
bool collect_numbers(const json& value, std::vector<double>& numbers) {
  if (value.is_number()) numbers.push_back(value.get<double>());
  if (!value.is_array()) return value.is_number();
  return std::all_of(value.begin(), value.end(),
                     [&](const json& item) { return collect_numbers(item, numbers); });
}

}  // namespace

std::string text_of(const json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

Shape fixed_shape(const json& shape) {
  if (!shape.is_array() || shape.size() < 2 || !std::all_of(shape.begin() + 1, shape.end(), is_size))
    return {};
  return {shape.begin() + 1, shape.end()};
}

KerasLayer::KerasLayer(const std::string& file, std::vector<std::string> scope,
                       std::shared_ptr<const json> layer)
    : file_(file), scope_(std::move(scope)), layer_(std::move(layer)) {
  if (!layer_->is_object() || !layer_->contains("config") || !config().is_object())
    throw core::Error(ExitCode::model, "'" + file + "': a layer in its model_config has no config", kHint);
  type_ = text_of(*layer_, "class_name");
  name_ = text_of(config(), "name");
  if (name_.empty()) name_ = text_of(*layer_, "name");
  if (name_.size() > kLongestKerasName)
    throw core::Error(ExitCode::model,
                      "'" + file + "': the name of a layer has " + std::to_string(name_.size()) + " letters",
                      "the file is not what it says it is");
}

bool KerasLayer::is_operation() const {
  if (layer_->contains("module")) return text_of(*layer_, "module").starts_with("keras.src.ops");
  // A .h5 file names no module; every layer of Keras 3 says whether it is trainable.
  const auto nodes = layer_->find("inbound_nodes");
  const bool keras_3 =
      nodes != layer_->end() && nodes->is_array() && !nodes->empty() && (*nodes)[0].is_object();
  return keras_3 && !config().contains("trainable");
}

std::string KerasLayer::title() const {
  if (!title_.empty()) return title_;
  std::string path;
  for (const std::string& model : scope_) path += model + "/";
  return "layer '" + core::printable(path + name_) + "' (" + core::printable(type_) + ")";
}

void KerasLayer::refuse(const std::string& what, const std::string& hint) const {
  throw core::Error(ExitCode::model, "'" + file_ + "': " + title() + ": " + what,
                    hint.empty() ? kHint : hint);
}

bool KerasLayer::has(const char* key) const {
  const auto found = config().find(key);
  return found != config().end() && !found->is_null();
}

std::int64_t KerasLayer::integer(const char* key) const {
  if (!has(key) || !is_size(config()[key]))
    refuse(std::string("its ") + key + " is not a number of at least 1");
  return config()[key].get<std::int64_t>();
}

double KerasLayer::number(const char* key, double least, double most) const {
  const bool sound = has(key) && config()[key].is_number() && config()[key].get<double>() >= least &&
                     config()[key].get<double>() <= most;
  if (!sound) refuse(std::string("its ") + key + " is not a number in the range that it may have");
  return config()[key].get<double>();
}

bool KerasLayer::boolean(const char* key, bool absent) const {
  if (!has(key)) return absent;
  if (!config()[key].is_boolean()) refuse(std::string("its ") + key + " is neither true nor false");
  return config()[key].get<bool>();
}

std::string KerasLayer::text(const char* key, const char* absent) const {
  if (!has(key)) return absent;
  const json& value = config()[key];
  if (value.is_string()) return value.get<std::string>();
  // A built-in function, serialized as {"class_name": "function", "config": "selu"}.
  std::string inner = value.is_object() ? text_of(value, "config") : std::string();
  if (inner.empty()) refuse(std::string("its ") + key + " is not one of Keras' own");
  return inner;
}

std::vector<double> KerasLayer::numbers(const char* key) const {
  std::vector<double> result;
  if (has(key) && !collect_numbers(config()[key], result))
    refuse(std::string("its ") + key + " does not consist of numbers");
  return result;
}

std::array<std::int64_t, 2> KerasLayer::sides(const char* key, std::int64_t absent) const {
  if (!has(key)) return {absent, absent};
  const json& value = config()[key];
  if (!value.is_array()) return {integer(key), integer(key)};
  if (value.size() != 2 || !is_size(value[0]) || !is_size(value[1]))
    refuse(std::string("its ") + key + " " + core::printable(value.dump()) + " is no height and width");
  return {value[0].get<std::int64_t>(), value[1].get<std::int64_t>()};
}

std::int64_t KerasLayer::square(const char* key, std::int64_t absent) const {
  const auto [height, width] = sides(key, absent);
  if (height != width)
    refuse(std::string("its ") + key + " " + core::printable(config()[key].dump()) +
           " must be the same in both directions");
  return height;
}

std::int64_t KerasLayer::pixels(const json& value, const char* key) const {
  if (!value.is_number_integer() || value < 0 || value > kMostSize)
    refuse(std::string("its ") + key + " " + core::printable(config()[key].dump()) +
           " is no number of pixels");
  return value.get<std::int64_t>();
}

std::array<std::int64_t, 4> KerasLayer::borders(const char* key) const {
  const json value = has(key) ? config()[key] : json();
  const json pair = value.is_array() && value.size() == 2 ? value : json{value, value};
  std::array<std::int64_t, 4> result{};
  for (std::size_t side = 0; side < 2; ++side) {
    const json& p = pair[side];
    const json both = p.is_array() && p.size() == 2 ? p : json{p, p};
    for (std::size_t end = 0; end < 2; ++end) result[2 * side + end] = pixels(both[end], key);
  }
  return result;
}

bool KerasLayer::is_last_axis(std::size_t rank) const {
  if (!has("axis")) return true;
  const json& value = config()["axis"];
  const json& axis = value.is_array() && value.size() == 1 ? value[0] : value;
  return axis.is_number_integer() && (axis == -1 || axis == rank);
}

Shape KerasLayer::batch_shape() const {
  const char* key = has("batch_shape") ? "batch_shape" : "batch_input_shape";
  if (!has(key)) return {};
  const json& given = config()[key];
  const auto is_open = [&](std::size_t i) { return given[i].is_null(); };
  const bool image = given.is_array() && given.size() == 4;
  if (image && (is_open(1) || is_open(2)) && is_size(given[3])) {
    const auto side = [&](std::size_t i) { return is_size(given[i]) ? given[i].get<std::int64_t>() : 0; };
    return {side(1), side(2), given[3].get<std::int64_t>()};
  }
  Shape shape = fixed_shape(given);
  if (shape.empty())
    refuse("its input shape " + core::printable(given.dump()) + " is not fixed",
           "build the model with a fixed input, such as keras.Input((32, 32, 3))");
  return shape;
}

Shape KerasLayer::target_shape(std::int64_t count) const {
  const json value = has("target_shape") ? config()["target_shape"] : json();
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

}  // namespace svhn::model
