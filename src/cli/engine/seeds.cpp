#include "cli/engine/seeds.h"

#include <spdlog/fmt/fmt.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <vector>

#include "cli/console.h"
#include "cli/engine/progress.h"
#include "cli/engine/train_command.h"
#include "core/error.h"
#include "core/json.h"
#include "inference/evaluate.h"
#include "metric/history.h"
#include "metric/repeats.h"
#include "model/model_file.h"
#include "train/run_files.h"

namespace svhn::cli {
namespace {

using core::Error;
using core::ExitCode;
using nlohmann::ordered_json;

/// A run, and the accuracies of its best model.
struct SeedRun {
  config::RunConfig config;
  train::RunFiles files;
  double val_accuracy = 0.0;
  std::optional<double> test_accuracy{};  ///< Nothing without test images.
};

std::vector<SeedRun> runs_of(const TrainCommandOptions& options, const config::RunConfig& config,
                             const GlobalOptions& global) {
  std::vector<SeedRun> runs;
  for (int i = 0; i < *options.seeds; ++i) {
    const std::string seed = std::to_string(config.train.seed + static_cast<std::uint64_t>(i));
    auto set = run_overrides(options, global);
    set.push_back("train.seed=" + seed);
    set.push_back("name=" + nlohmann::json(config.name + "-seed" + seed).dump());
    config::RunConfig own = config::load_run_config(options.config, set);
    const train::RunFiles files(options.output, own.name);
    runs.push_back({std::move(own), files});
  }
  return runs;
}

/// @throws core::Error(usage) when one of the runs exists, before the first is trained.
void refuse_existing(const TrainCommandOptions& options, const std::vector<SeedRun>& runs) {
  if (options.resume || options.overwrite) return;
  for (const SeedRun& run : runs) {
    const auto existing = run.files.existing();
    if (existing.empty()) continue;
    throw Error(
        ExitCode::usage,
        "'" + existing.front().string() + "' exists: there is a run '" + run.config.name + "' already",
        "--resume continues it, --overwrite starts over, --output chooses another folder");
  }
}

void train_all(const TrainCommandOptions& options, const std::vector<SeedRun>& runs,
               const GlobalOptions& global, DistributedContext& processes) {
  for (const SeedRun& run : runs) {
    spdlog::info("{}: seed {}", run.config.name, run.config.train.seed);
    run_configured(options, run.config, global, processes, true);
  }
}

/// @throws core::Error(usage) when a run is not there.
void measure(SeedRun& run, const data::PreparedData& data, const GlobalOptions& global,
             const torch::Device& device) {
  std::error_code error;
  if (!std::filesystem::exists(run.files.best_model, error)) {
    throw Error(ExitCode::usage,
                "there is no finished run '" + run.config.name + "' in '" +
                    run.files.folder.parent_path().string() + "'",
                "train it first, or name the folder with --output");
  }
  const auto accuracies = metric::read_history(run.files.history).val_accuracy;
  run.val_accuracy = *std::max_element(accuracies.begin(), accuracies.end());
  if (data.indices(data::Split::test).empty()) return;
  const model::ModelFile file(run.files.best_model);
  network::Network network = inference::load_for_inference(file, device);
  const auto plan = data::plan_for(inference::preprocessing_of(file), data, data::Split::test);
  run.test_accuracy = with_progress(global, run.config.name, [&](StageProgress& progress) {
    inference::EvaluateOptions how;
    how.batch_size = inference::batch_size_for(network.input_shape());
    how.progress = [&progress](std::int64_t done, std::int64_t total) {
      progress.show(done, total);
      stop_if_asked("stopped; the runs are finished, --no-train shows them");
    };
    return inference::evaluate(network, data, data::Split::test, plan, how).accuracy;
  });
}

struct Accuracies {
  std::vector<double> val;
  std::vector<double> test;
};

Accuracies accuracies_of(const std::vector<SeedRun>& runs) {
  Accuracies all;
  for (const SeedRun& run : runs) {
    all.val.push_back(run.val_accuracy);
    if (run.test_accuracy) all.test.push_back(*run.test_accuracy);
  }
  return all;
}

ordered_json spread_json(const std::vector<double>& scores) {
  if (scores.empty()) return nullptr;
  const metric::Spread spread = metric::spread_of(scores);
  ordered_json json{{"mean", spread.mean}, {"deviation", nullptr}};
  if (spread.deviation) json["deviation"] = *spread.deviation;
  return json;
}

ordered_json seeds_json(const std::string& name, const std::vector<SeedRun>& runs,
                        const data::PreparedData& data) {
  ordered_json list = ordered_json::array();
  for (const SeedRun& run : runs) {
    ordered_json entry{{"seed", run.config.train.seed},
                       {"name", run.config.name},
                       {"best_model", run.files.best_model.string()},
                       {"val_accuracy", run.val_accuracy},
                       {"test_accuracy", nullptr}};
    if (run.test_accuracy) entry["test_accuracy"] = *run.test_accuracy;
    list.push_back(entry);
  }
  const Accuracies all = accuracies_of(runs);
  return {{"name", name},
          {"synthetic", data.synthetic()},
          {"seeds", list},
          {"val_accuracy", spread_json(all.val)},
          {"test_accuracy", spread_json(all.test)}};
}

std::string cell(const std::optional<double>& accuracy) {
  return accuracy ? fmt::format("  {:<10.4f}", *accuracy) : "  -         ";
}

std::string row(const std::string& name, const std::optional<double>& val,
                const std::optional<double>& test) {
  std::string line = name + cell(val) + cell(test);
  line.erase(line.find_last_not_of(' ') + 1);
  return line + "\n";
}

std::string seeds_text(const std::vector<SeedRun>& runs, bool synthetic) {
  std::string text = "\nseed      validation  test\n";
  for (const SeedRun& run : runs) {
    text += row(fmt::format("{:<8}", run.config.train.seed), run.val_accuracy, run.test_accuracy);
  }
  const Accuracies all = accuracies_of(runs);
  const metric::Spread val = metric::spread_of(all.val);
  metric::Spread test;
  if (!all.test.empty()) test = metric::spread_of(all.test);
  text += row("mean    ", val.mean, all.test.empty() ? std::nullopt : std::optional(test.mean));
  text += row("dev.    ", val.deviation, test.deviation);
  text += "Accuracies of the epoch that is best on the validation split; standard deviation with n - 1.\n";
  return text + (synthetic ? "These numbers are of synthetic digits.\n" : "");
}

}  // namespace

int run_seeds(const TrainCommandOptions& options, const config::RunConfig& config,
              const GlobalOptions& global, DistributedContext& processes) {
  std::vector<SeedRun> runs = runs_of(options, config, global);
  if (!options.no_train) {
    if (processes.rank() == 0) refuse_existing(options, runs);
    train_all(options, runs, global, processes);
  }
  if (processes.rank() != 0) return 0;
  const Hardware hardware = set_up_hardware(global);
  const data::PreparedData data(config.data.file);
  for (SeedRun& run : runs) measure(run, data, global, hardware.device);
  options.json ? print_json(seeds_json(config.name, runs, data))
               : print_text(seeds_text(runs, data.synthetic()));
  return 0;
}

}  // namespace svhn::cli
