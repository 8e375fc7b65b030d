#include "cli/data_document.h"

#include <array>
#include <nlohmann/json.hpp>

#include "model/summary.h"

namespace svhn::cli {
namespace {

using data::PreparedData;
using data::Split;
constexpr std::array<Split, 3> kSplits{Split::train, Split::val, Split::test};

std::array<std::int64_t, data::kClasses> class_counts(const PreparedData& data) {
  std::array<std::int64_t, data::kClasses> counts{};
  for (const std::uint8_t label : data.labels()) ++counts.at(label);
  return counts;
}

std::string entry(const PreparedData& data, const std::string& key) {
  const auto found = data.metadata().find(key);
  return found == data.metadata().end() ? "" : found->second;
}

std::string count_text(std::size_t count) {
  return model::with_thousands(static_cast<std::int64_t>(count));
}

}  // namespace

nlohmann::ordered_json data_json(const PreparedData& data) {
  nlohmann::ordered_json splits;
  for (const Split split : kSplits) splits[data::split_name(split)] = data.indices(split).size();
  nlohmann::ordered_json document{{"kind", "data"},
                                  {"images", data.size()},
                                  {"splits", splits},
                                  {"class_counts", class_counts(data)},
                                  {"source", entry(data, "source")},
                                  {"synthetic", data.synthetic()}};
  for (const auto& [key, value] : data.metadata()) {
    if (!document.contains(key)) document["metadata"][key] = value;
  }
  return document;
}

std::string data_text(const PreparedData& data) {
  std::string text = "Prepared data: " + data.path().string() + "\n";
  if (data.synthetic()) text += "  Synthetic digits, drawn by svhn itself\n";
  text += "  images   " + model::with_thousands(data.size()) + "\n";
  for (const Split split : kSplits) {
    const std::string name = data::split_name(split);
    text += "  " + name + std::string(9 - name.size(), ' ') + count_text(data.indices(split).size()) + "\n";
  }
  text += "  classes ";
  const auto counts = class_counts(data);
  for (int index = 0; index < data::kClasses; ++index) {
    text += " '" + std::to_string(data::digit_of_class(index)) + "' " +
            std::to_string(counts.at(static_cast<std::size_t>(index)));
  }
  text += "\n";
  for (const auto& [key, value] : data.metadata()) {
    if (value.size() <= 200) text += "  " + key + ": " + value + "\n";
  }
  return text;
}

}  // namespace svhn::cli
