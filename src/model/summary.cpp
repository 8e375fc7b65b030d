#include "model/summary.h"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <vector>

#include "core/text.h"
#include "model/spec_json.h"

namespace svhn::model {
namespace {

using Row = std::array<std::string, 4>;
using core::with_thousands;

std::string frozen_text(const Graph& graph, const LayerSpan& layer) {
  bool frozen = false, trained = false;
  for (NodeId id = layer.first; id <= layer.last; ++id) {
    for (const TensorPlan& tensor : graph.nodes[id].tensors) {
      if (is_running_statistic(tensor.role)) continue;
      (tensor.trainable ? trained : frozen) = true;
    }
  }
  if (!frozen) return "";
  return trained ? " partly frozen" : " frozen";
}

/// @returns whether the layer at an index reads anything but the layer before it.
bool branches(const Graph& graph, std::size_t layer) {
  const std::vector<std::string>& inputs = graph.layers[layer].spec.inputs;
  if (inputs.empty()) return false;
  const std::string before = layer == 0 ? kInputName : graph.layers[layer - 1].spec.name;
  return inputs != std::vector<std::string>{before};
}

std::string inputs_text(const Graph& graph, std::size_t layer) {
  std::string text;
  if (!branches(graph, layer)) return text;
  for (const std::string& name : graph.layers[layer].spec.inputs) text += (text.empty() ? "" : ", ") + name;
  return text;
}

std::vector<Row> rows_of(const Graph& graph) {
  std::vector<Row> rows{{"Layer (type)", "Output shape", "Parameters", "Inputs"},
                        {"input", shape_text(graph.input()), "0", ""}};
  bool any = false;
  for (std::size_t i = 0; i < graph.layers.size(); ++i) {
    const LayerSpan& layer = graph.layers[i];
    std::string title = layer.spec.name + " (" + std::string(type_name(layer.spec.op)) + ")";
    title += frozen_text(graph, layer);
    rows.push_back({std::move(title), shape_text(graph.nodes[layer.last].output),
                    with_thousands(parameter_count(graph, layer)), inputs_text(graph, i)});
    any = any || branches(graph, i);
  }
  if (!any) rows.front().back().clear();
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
  const std::string inputs = row[3].empty() ? "" : "  " + row[3];
  return row[0] + blanks(0) + "  " + row[1] + blanks(1) + "  " + blanks(2) + row[2] + inputs + "\n";
}

}  // namespace

std::string summary_text(const Graph& graph, const std::string& model_name) {
  const std::vector<Row> rows = rows_of(graph);
  const std::array<std::size_t, 3> widths{width_of(rows, 0), width_of(rows, 1), width_of(rows, 2)};
  const std::size_t width = widths[0] + widths[1] + widths[2] + 4;
  std::string text =
      "Model: " + model_name + "\n" + line(rows.front(), widths) + std::string(width, '=') + "\n";
  for (std::size_t i = 1; i < rows.size(); ++i) text += line(rows[i], widths);
  text += std::string(width, '=') + "\n";
  text += "Total parameters:         " + with_thousands(graph.counts.total) + "\n";
  text += "Trainable parameters:     " + with_thousands(graph.counts.trainable) + "\n";
  text += "Non-trainable parameters: " + with_thousands(graph.counts.non_trainable) + "\n";
  return text;
}

nlohmann::ordered_json summary_json(const Graph& graph) {
  auto layers = nlohmann::ordered_json::array();
  for (std::size_t i = 0; i < graph.layers.size(); ++i) {
    const LayerSpan& layer = graph.layers[i];
    layers.push_back({{"name", layer.spec.name},
                      {"type", type_name(layer.spec.op)},
                      {"output_shape", graph.nodes[layer.last].output},
                      {"parameters", parameter_count(graph, layer)}});
    if (branches(graph, i)) layers.back()["inputs"] = layer.spec.inputs;
  }
  const ParameterCounts& counts = graph.counts;
  return {
      {"parameters",
       {{"total", counts.total}, {"trainable", counts.trainable}, {"non_trainable", counts.non_trainable}}},
      {"input", graph.input()},
      {"layers", std::move(layers)}};
}

}  // namespace svhn::model
