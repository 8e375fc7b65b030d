#include "model/summary.h"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <vector>

#include "core/text.h"
#include "model/spec_json.h"

namespace svhn::model {
namespace {

using core::with_thousands;
using Row = std::array<std::string, 3>;

std::string frozen_text(const LayerPlan& layer) {
  const auto frozen = [](const TensorPlan& t) { return is_running_statistic(t.role) || !t.trainable; };
  const auto trained = [](const TensorPlan& t) { return is_running_statistic(t.role) || t.trainable; };
  if (std::all_of(layer.tensors.begin(), layer.tensors.end(), trained)) return "";
  return std::all_of(layer.tensors.begin(), layer.tensors.end(), frozen) ? " frozen" : " partly frozen";
}

std::vector<Row> rows_of(const NetworkPlan& plan) {
  std::vector<Row> rows{{"Layer (type)", "Output shape", "Parameters"},
                        {"input", shape_text(plan.input), "0"}};
  for (const LayerPlan& layer : plan.layers) {
    std::string title = layer.layer.name + " (" + std::string(type_name(layer.layer.kind)) + ")";
    title += frozen_text(layer);
    rows.push_back({std::move(title), shape_text(layer.output), with_thousands(parameter_count(layer))});
  }
  return rows;
}

std::size_t width_of(const std::vector<Row>& rows, std::size_t column) {
  std::size_t width = 0;
  for (const Row& row : rows) width = std::max(width, row[column].size());
  return width;
}

/// Left-aligns the texts, right-aligns the number.
std::string line(const Row& row, const std::array<std::size_t, 3>& widths) {
  const auto blanks = [&](std::size_t i) { return std::string(widths[i] - row[i].size(), ' '); };
  return row[0] + blanks(0) + "  " + row[1] + blanks(1) + "  " + blanks(2) + row[2] + "\n";
}

}  // namespace

std::string summary_text(const NetworkPlan& plan, const std::string& model_name) {
  const std::vector<Row> rows = rows_of(plan);
  const std::array<std::size_t, 3> widths{width_of(rows, 0), width_of(rows, 1), width_of(rows, 2)};
  const std::size_t width = widths[0] + widths[1] + widths[2] + 4;
  std::string text =
      "Model: " + model_name + "\n" + line(rows.front(), widths) + std::string(width, '=') + "\n";
  for (std::size_t i = 1; i < rows.size(); ++i) text += line(rows[i], widths);
  text += std::string(width, '=') + "\n";
  text += "Total parameters:         " + with_thousands(plan.counts.total) + "\n";
  text += "Trainable parameters:     " + with_thousands(plan.counts.trainable) + "\n";
  text += "Non-trainable parameters: " + with_thousands(plan.counts.non_trainable) + "\n";
  return text;
}

nlohmann::ordered_json summary_json(const NetworkPlan& plan) {
  auto layers = nlohmann::ordered_json::array();
  for (const LayerPlan& layer : plan.layers) {
    layers.push_back({{"name", layer.layer.name},
                      {"type", type_name(layer.layer.kind)},
                      {"output_shape", layer.output},
                      {"parameters", parameter_count(layer)}});
  }
  const ParameterCounts& counts = plan.counts;
  return {
      {"parameters",
       {{"total", counts.total}, {"trainable", counts.trainable}, {"non_trainable", counts.non_trainable}}},
      {"input", plan.input},
      {"layers", std::move(layers)}};
}

}  // namespace svhn::model
