#include "report/page/runs.h"

#include <algorithm>
#include <cmath>
#include <functional>

#include "core/error.h"
#include "core/json.h"
#include "report/page/findings.h"
#include "report/page/json_view.h"

namespace svhn::report {
namespace {

namespace fs = std::filesystem;

constexpr std::int64_t kMostCount = std::int64_t{1} << 50;
constexpr std::size_t kMostLayers = 2'000;
constexpr std::size_t kLongText = 1'500;

void read_part(const fs::path& path, std::vector<std::string>& problems,
               const std::function<void(const JsonView&)>& read) {
  std::error_code error;
  if (!fs::exists(path, error)) return;
  try {
    const auto json = core::read_json_file(path, core::ExitCode::data);
    read(JsonView(json, path.string()));
  } catch (const core::Error& failure) {
    problems.emplace_back(failure.what());
  }
}

/// The few numbers that tell one layer from another.
std::string layer_text(const JsonView& layer) {
  std::string text = layer.at("type").text(100);
  for (const char* key : {"units", "filters", "kernel", "size", "rate", "activation", "name"}) {
    const auto field = layer.find(key);
    if (!field || (key == std::string("name") && text != "backbone")) continue;
    const std::string shown = field->value().is_string() ? field->text(100) : field->value().dump();
    if (shown != "linear" && shown.size() < 40) text += " " + shown;
  }
  return text;
}

std::string network_text(const JsonView& model) {
  std::string text;
  for (const JsonView& layer : model.at("layers").items(kMostLayers)) {
    text += (text.empty() ? "" : ", ") + layer_text(layer);
  }
  return core::printable(text, kLongText);
}

std::string input_text(const JsonView& data) {
  std::string text;
  if (const auto steps = data.find("preprocess")) {
    for (const JsonView& step : steps->items(100)) {
      const bool plain = step.value().is_string();
      text += (text.empty() ? "" : ", ") + (plain ? step.text(100) : step.value().dump());
    }
  }
  if (text.empty()) text = "colour";
  if (data.find("augment")) text += ", augmented";
  return core::printable(text, kLongText);
}

std::string training_text(const JsonView& train) {
  std::string text;
  const auto add = [&](const JsonView& from, const char* key, const std::string& before) {
    const auto field = from.find(key);
    if (!field) return;
    text += before + (field->value().is_string() ? field->text(100) : field->value().dump());
  };
  add(train, "epochs", "up to ");
  text += text.empty() ? "" : " epochs";
  add(train, "batch_size", ", batches of ");
  add(train, "steps_per_epoch", ", steps an epoch ");
  if (const auto optimizer = train.find("optimizer")) {
    add(*optimizer, "type", ", ");
    add(*optimizer, "learning_rate", " at ");
  }
  add(train, "seed", ", seed ");
  return core::printable(text, kLongText);
}

void read_config(RunRecord& run, std::vector<std::string>& layers, const JsonView& config) {
  for (const JsonView& layer : config.at("model").at("layers").items(kMostLayers)) {
    if (const auto name = layer.find("name")) layers.push_back(name->text(200));
  }
  run.facts.emplace_back("Network", network_text(config.at("model")));
  run.input = input_text(config.at("data"));
  run.facts.emplace_back("Input", run.input);
  if (const auto train = config.find("train")) run.facts.emplace_back("Training", training_text(*train));
  if (const auto file = config.at("data").find("file")) run.data = file->text();
}

void read_summary(RunRecord& run, const JsonView& summary) {
  const JsonView counts = summary.at("parameters");
  const auto count = [&](const char* key) { return counts.at(key).integer(0, kMostCount); };
  run.parameters = ParameterCounts{count("total"), count("trainable"), count("non_trainable")};
  run.facts.emplace_back("Parameters", grouped_text(run.parameters->total) + ", " +
                                           grouped_text(run.parameters->trainable) + " of them trained");
  if (const auto data = summary.find("data")) {
    if (const auto synthetic = data->find("synthetic")) run.synthetic = synthetic->boolean();
    if (const auto file = data->find("file")) run.data = file->text();
  }
  std::string machine;
  for (const char* key : {"device", "precision"}) {
    if (const auto field = summary.find(key)) machine += (machine.empty() ? "" : ", ") + field->text(100);
  }
  if (!machine.empty()) run.facts.emplace_back("Computed on", core::printable(machine));
}

void read_curves(RunRecord& run) {
  const fs::path beside = run.folder.parent_path() / (run.name + ".history.json");
  std::error_code error;
  for (const fs::path& path : {run.folder / "history.json", beside}) {
    if (!fs::exists(path, error)) continue;
    try {
      auto history = metric::read_history(path);
      if (history.epochs() == 0) continue;
      run.history = std::move(history);
      return;
    } catch (const core::Error& failure) {
      run.problems.emplace_back(failure.what());
    }
  }
}

/// Files hold layers by name; a reader expects them as the image passes them.
void sort_layers(std::vector<LayerMaps>& maps, const std::vector<std::string>& layers) {
  const auto place = [&](const LayerMaps& map) {
    return std::find(layers.begin(), layers.end(), map.name) - layers.begin();
  };
  std::stable_sort(maps.begin(), maps.end(),
                   [&](const LayerMaps& a, const LayerMaps& b) { return place(a) < place(b); });
}

}  // namespace

std::optional<BestEpoch> best_epoch(const RunRecord& run) {
  if (!run.history) return std::nullopt;
  const auto& values = run.history->val_accuracy;
  std::size_t best = 0;
  for (std::size_t i = 1; i < values.size(); ++i) {
    if (values[i] > values[best] || !std::isfinite(values[best])) best = i;
  }
  return BestEpoch{best + 1, values[best]};
}

RunRecord read_run(const fs::path& folder) {
  RunRecord run;
  run.folder = folder;
  run.name = folder.filename().string();
  run.model = folder.parent_path() / (run.name + ".safetensors");
  std::vector<std::string> layers;
  read_part(folder / "config.resolved.json", run.problems,
            [&](const JsonView& config) { read_config(run, layers, config); });
  read_part(folder / "summary.json", run.problems,
            [&](const JsonView& summary) { read_summary(run, summary); });
  read_curves(run);
  run.interpretation = read_interpretation(folder / "interpret", run.problems);
  if (!run.interpretation.data.empty()) run.data = run.interpretation.data;
  if (run.interpretation.activations) sort_layers(run.interpretation.activations->layers, layers);
  return run;
}

}  // namespace svhn::report
