#include "metric/history.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <string>

#include "core/error.h"
#include "core/file.h"
#include "core/json.h"

namespace svhn::metric {
namespace {

using Json = nlohmann::ordered_json;

Json curve_json(const HistoryField& field, const std::vector<double>& values) {
  Json numbers = Json::array();
  for (std::size_t epoch = 0; epoch < values.size(); ++epoch) {
    if (!std::isfinite(values[epoch])) {
      throw core::Error(core::ExitCode::numeric,
                        "'" + std::string(field.key) + "' of epoch " + std::to_string(epoch + 1) +
                            " is not a finite number",
                        "training diverged; lower the learning rate");
    }
    numbers.push_back(values[epoch]);
  }
  return numbers;
}

[[noreturn]] void refuse(const std::filesystem::path& path, const std::string& what) {
  throw core::Error(
      core::ExitCode::data, "'" + path.string() + "': " + what,
      "a history is an object of equally long lists of numbers; the run that wrote it can write it again");
}

std::vector<double> read_curve(const std::filesystem::path& path, const std::string& key,
                               const nlohmann::json& list) {
  if (!list.is_array()) refuse(path, core::pointer_part(key) + " is not a list of numbers");
  std::vector<double> values;
  for (const auto& item : list) {
    if (!item.is_number())
      refuse(path, core::pointer_part(key) + "/" + std::to_string(values.size()) + " is not a number");
    values.push_back(item.get<double>());
  }
  return values;
}

void check_keys(const std::filesystem::path& path, const nlohmann::json& document) {
  for (const auto& [key, value] : document.items()) {
    const auto known = [&name = key](const HistoryField& field) { return field.key == name; };
    if (std::none_of(history_fields().begin(), history_fields().end(), known)) {
      refuse(path, core::pointer_part(key) + " is not a curve of a history");
    }
  }
}

void check_lengths(const std::filesystem::path& path, const History& history) {
  for (const HistoryField& field : history_fields()) {
    const std::size_t epochs = (history.*field.values).size();
    if (epochs == history.epochs() || (epochs == 0 && !field.required)) continue;
    refuse(path, core::pointer_part(field.key) + " has " + std::to_string(epochs) + " epochs, /loss has " +
                     std::to_string(history.epochs()));
  }
}

}  // namespace

const std::array<HistoryField, 7>& history_fields() {
  static constexpr std::array<HistoryField, 7> kFields{{
      {"loss", &History::loss, true},
      {"accuracy", &History::accuracy, true},
      {"val_loss", &History::val_loss, true},
      {"val_accuracy", &History::val_accuracy, true},
      {"learning_rate", &History::learning_rate, false},
      {"seconds", &History::seconds, false},
      {"images_per_second", &History::images_per_second, false},
  }};
  return kFields;
}

nlohmann::ordered_json history_json(const History& history) {
  Json json;
  for (const HistoryField& field : history_fields()) {
    json[std::string(field.key)] = curve_json(field, history.*field.values);
  }
  return json;
}

void write_history(const std::filesystem::path& path, const History& history) {
  core::write_text_file(path, history_json(history).dump() + "\n", core::ExitCode::data);
}

History read_history(const std::filesystem::path& path) {
  const nlohmann::json document = core::read_json_file(path, core::ExitCode::data);
  if (!document.is_object()) refuse(path, "the document is not an object");
  check_keys(path, document);
  History history;
  for (const HistoryField& field : history_fields()) {
    const std::string key(field.key);
    if (!document.contains(key)) refuse(path, core::pointer_part(key) + " is missing");
    history.*field.values = read_curve(path, key, document[key]);
  }
  check_lengths(path, history);
  return history;
}

}  // namespace svhn::metric
