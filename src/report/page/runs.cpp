#include "report/page/runs.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <cctype>
#include <cmath>
#include <set>

#include "core/error.h"
#include "core/json.h"
#include "core/json_view.h"
#include "core/text.h"
#include "data/fingerprint.h"
#include "formats/safetensors/safetensors.h"

namespace svhn::report {
namespace {

namespace fs = std::filesystem;
using core::JsonDocument;
using core::JsonView;
using core::read_if_present;

constexpr std::int64_t kMostCount = std::int64_t{1} << 50;
constexpr std::size_t kMostLayers = 2'000;
constexpr std::size_t kLongText = 1'500;
constexpr int kMostDepth = 6;
constexpr std::size_t kMostEntries = 200'000, kMostRuns = 500;
constexpr std::string_view kHistorySuffix = ".history.json";

/// A layer's type and main parameters.
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

/// @returns a key of data.augment with its value: "rotation 15°", "zoom 0.15", "horizontal flip".
std::string augment_text(std::string key, const nlohmann::json& value) {
  constexpr std::string_view kDegrees = "_degrees";
  const bool degrees = key.ends_with(kDegrees);
  if (degrees) key.resize(key.size() - kDegrees.size());
  std::replace(key.begin(), key.end(), '_', ' ');
  if (!value.is_number()) return key;
  return fmt::format("{} {:g}{}", key, value.get<double>(), degrees ? "\u00b0" : "");
}

/// @returns "rotation 15°, zoom 0.15"; "" without augmentation.
std::string augmentation_text(const JsonView& data) {
  std::string text;
  const auto augment = data.find("augment");
  if (!augment || !augment->value().is_object()) return text;
  for (const auto& [key, value] : augment->value().items()) {
    const bool off = value.is_number() ? value == 0 : !(value.is_boolean() && value.get<bool>());
    if (off || key == "fill_value" || key == "colour_magnitude") continue;
    text += (text.empty() ? "" : ", ") + augment_text(key, value);
  }
  return core::printable(text.empty() ? "augmented" : text, kLongText);
}

std::string training_text(const JsonView& train) {
  std::string text;
  const auto add = [&](const JsonView& from, const char* key, const std::string& before,
                       const char* behind = "") {
    const auto field = from.find(key);
    if (!field || field->value().is_null()) return;
    text += before + (field->value().is_string() ? field->text(100) : field->value().dump()) + behind;
  };
  add(train, "epochs", "up to ", " epochs");
  add(train, "batch_size", ", batches of ");
  add(train, "steps_per_epoch", ", ", " steps an epoch");
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
  if (const auto file = config.at("data").find("file")) run.training.data = file->text();
  run.training.augmentation = augmentation_text(config.at("data"));
  const auto train = config.find("train");
  if (!train) return;
  run.facts.emplace_back("Training", training_text(*train));
  if (const auto seed = train->find("seed")) run.training.seed = seed->integer(0, INT64_MAX);
}

/// The part of summary.json that tells of the data.
void read_data(RunRecord& run, const JsonView& data) {
  TrainingFacts& training = run.training;
  if (const auto synthetic = data.find("synthetic")) training.synthetic = synthetic->boolean();
  if (const auto file = data.find("file")) training.data = file->text();
  if (const auto text = data.find("fingerprint")) training.fingerprint = data::fingerprint_of(text->text(64));
  if (const auto text = data.find("split_fingerprint")) training.split_fingerprint = text->text(64);
  if (const auto text = data.find("val_fingerprint")) training.val_fingerprint = text->text(64);
  const auto images = data.find("images");
  if (!images) return;
  const auto count = [&](const char* split) { return images->at(split).integer(0, kMostCount); };
  training.images = SplitSizes{count("train"), count("val"), count("test")};
  run.facts.emplace_back("Images", core::with_thousands(training.images->train) + " trained on, " +
                                       core::with_thousands(training.images->val) + " for validation, " +
                                       core::with_thousands(training.images->test) + " for the test");
}

void read_summary(RunRecord& run, const JsonView& summary) {
  const JsonView counts = summary.at("parameters");
  const auto count = [&](const char* key) { return counts.at(key).integer(0, kMostCount); };
  run.parameters = ParameterCounts{count("total"), count("trainable"), count("non_trainable")};
  run.facts.emplace_back("Parameters", core::with_thousands(run.parameters->total) + ", " +
                                           core::with_thousands(run.parameters->trainable) +
                                           " of them trained");
  if (const auto data = summary.find("data")) read_data(run, *data);
  if (const auto precision = summary.find("precision")) run.training.precision = precision->text(100);
  if (const auto date = summary.find("date")) run.training.date = date->text(100);
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

/// Sorts layers from the order of the file, which is by name, to that of the network.
void sort_layers(std::vector<LayerMaps>& maps, const std::vector<std::string>& layers) {
  const auto position = [&](const LayerMaps& map) {
    return std::find(layers.begin(), layers.end(), map.name) - layers.begin();
  };
  std::stable_sort(maps.begin(), maps.end(),
                   [&](const LayerMaps& a, const LayerMaps& b) { return position(a) < position(b); });
}

/// @returns NAME.best.safetensors, or NAME.safetensors if there is only that.
fs::path model_of(const fs::path& output, const std::string& name) {
  const fs::path best = output / (name + ".best.safetensors"), last = output / (name + ".safetensors");
  std::error_code error;
  return !fs::exists(best, error) && fs::exists(last, error) ? last : best;
}

/// Takes from the checkpoint what a run without a new summary.json does not tell: one that goes on, or that
/// an earlier version made.
void complete_facts(RunRecord& run) {
  TrainingFacts& training = run.training;
  const fs::path checkpoint = run.folder / "checkpoints" / "last.safetensors";
  read_if_present(checkpoint, run.problems, [&] {
    if (!training.fingerprint.empty() && training.synthetic) return;
    const formats::SafetensorsFile file(checkpoint, core::ExitCode::data);
    const auto entry = [&](const char* key) {
      const auto found = file.metadata().find(key);
      return found == file.metadata().end() ? std::string() : found->second;
    };
    if (training.fingerprint.empty())
      training.fingerprint = data::fingerprint_of(core::printable(entry("data")));
    if (!training.synthetic && !entry("synthetic").empty()) training.synthetic = entry("synthetic") == "true";
  });
  run.synthetic = training.synthetic.value_or(false);
}

/// Earlier versions left results that do not say of what they are.
void note_former_results(RunRecord& run) {
  const fs::path folder = run.folder / "interpret";
  std::error_code error;
  const auto has = [&](const char* name) { return fs::exists(folder / name, error); };
  if (!run.results.empty() || !(has("interpret.json") || has("evaluation.json")) || has(results::kAboutFile))
    return;
  run.problems.push_back("'" + core::printable(folder.string(), 1'000) +
                         "' was written by an earlier version, which did not say of what data it is; 'svhn "
                         "interpret --model " +
                         core::printable(run.model.string(), 1'000) + "' makes it anew");
}

bool in_address(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '.' || c == '-';
}

/// Searches folders for runs, searches and comparisons.
class RunFinder {
 public:
  void search(const fs::path& folder, int depth) {
    std::error_code error;
    const auto has = [&](const char* name) { return fs::is_regular_file(folder / name, error); };
    if (has("comparison.json")) comparisons_.insert(folder / "comparison.json");
    if (has("results.json")) {
      searches_.insert(folder / "results.json");
      return;
    }
    const bool run = has("history.json") || has("config.resolved.json") || has("summary.json");
    if (run) runs_.insert(folder);
    if (!run) search_below(folder, depth);
  }

  FoundRuns take() {
    FoundRuns found{{runs_.begin(), runs_.end()},
                    {searches_.begin(), searches_.end()},
                    {comparisons_.begin(), comparisons_.end()},
                    problems_};
    for (auto* list : {&found.runs, &found.searches, &found.comparisons}) {
      if (list->size() <= kMostRuns) continue;
      found.problems.push_back("only the first " + std::to_string(kMostRuns) + " of " +
                               std::to_string(list->size()) + " are shown");
      list->resize(kMostRuns);
    }
    return found;
  }

 private:
  void search_below(const fs::path& folder, int depth) {
    std::error_code error;
    for (const auto& entry : fs::directory_iterator(folder, error)) {
      if (++entries_ > kMostEntries) return note_too_many(folder);
      const std::string name = entry.path().filename().string();
      std::error_code ignored;
      if (name.ends_with(kHistorySuffix) && name.size() > kHistorySuffix.size() &&
          entry.is_regular_file(ignored)) {
        runs_.insert(folder / name.substr(0, name.size() - kHistorySuffix.size()));
      } else if (depth > 0 && entry.is_directory(ignored) && !entry.is_symlink(ignored)) {
        search(entry.path(), depth - 1);
      }
    }
    if (error) {
      problems_.push_back("'" + core::printable(folder.string()) + "' cannot be read: " + error.message());
    }
  }

  void note_too_many(const fs::path& folder) {
    if (entries_ > kMostEntries + 1) return;
    problems_.push_back("there are too many files; those from '" + core::printable(folder.string()) +
                        "' on were passed by");
  }

  std::set<fs::path> runs_, searches_, comparisons_;
  std::vector<std::string> problems_;
  std::size_t entries_ = 0;
};

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

void name_slugs(std::vector<RunRecord>& runs) {
  std::set<std::string> taken;
  for (RunRecord& run : runs) {
    std::string plain = run.name;
    std::replace_if(
        plain.begin(), plain.end(), [](char c) { return !in_address(c); }, '-');
    run.slug = plain;
    for (int number = 2; !taken.insert(run.slug).second; ++number)
      run.slug = plain + "-" + std::to_string(number);
  }
}

RunRecord read_run(const fs::path& folder) {
  RunRecord run;
  run.folder = folder;
  run.name = folder.filename().string();
  run.model = model_of(folder.parent_path(), run.name);
  std::vector<std::string> layers;
  const fs::path config = folder / "config.resolved.json", summary = folder / "summary.json";
  read_if_present(config, run.problems, [&] { read_config(run, layers, JsonDocument(config).view()); });
  read_if_present(summary, run.problems, [&] { read_summary(run, JsonDocument(summary).view()); });
  read_curves(run);
  complete_facts(run);
  auto results = read_results({folder, run.name, run.training.fingerprint}, run.problems);
  run.results = std::move(results.shown);
  run.stale_results = std::move(results.stale);
  for (ResultRecord& result : run.results) {
    if (result.found.activations) sort_layers(result.found.activations->layers, layers);
  }
  note_former_results(run);
  return run;
}

FoundRuns find_runs(const std::vector<fs::path>& roots) {
  RunFinder finder;
  for (const fs::path& root : roots) {
    std::error_code error;
    if (!fs::is_directory(root, error)) {
      throw core::Error(core::ExitCode::data, "'" + root.string() + "' is not a folder",
                        "name a folder with runs, such as the --output of 'svhn train'");
    }
    // Without a trailing slash, so that filename() is not empty.
    const fs::path plain = root.lexically_normal();
    finder.search(plain.has_filename() ? plain : plain.parent_path(), kMostDepth);
  }
  return finder.take();
}

}  // namespace svhn::report
