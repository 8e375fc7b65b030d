#include "cli/commands/tune.h"

#include <spdlog/spdlog.h>

#include <nlohmann/json.hpp>
#include <optional>

#include "cli/console.h"
#include "cli/engine/distributed_context.h"
#include "cli/engine/progress.h"
#include "cli/engine/setup.h"
#include "cli/engine/train_command.h"
#include "core/words.h"
#include "data/fingerprint.h"
#include "metric/tuning.h"
#include "report/charts/search.h"
#include "tune/run/search.h"

namespace svhn::cli {
namespace {

using core::ExitCode;
using metric::TrialResult;
using metric::TrialStatus;

std::vector<std::string> overrides(const TuneCommandOptions& options, const GlobalOptions& global) {
  std::vector<std::string> set = options.set;
  if (options.data) set.push_back("data.file=" + nlohmann::json(options.data->string()).dump());
  if (options.trials) set.push_back("tune.trials=" + std::to_string(*options.trials));
  if (options.seed) set.push_back("tune.seed=" + std::to_string(*options.seed));
  if (global.precision != "auto") set.push_back("train.precision=" + global.precision);
  return set;
}

train::ExistingRun existing_search(const TuneCommandOptions& options) {
  if (options.resume) return train::ExistingRun::resume;
  return options.overwrite ? train::ExistingRun::overwrite : train::ExistingRun::refuse;
}

/// Shows a progress bar of the run in progress, and a log line for each trial that has ended.
class SearchProgress : public tune::SearchObserver, private train::TrainObserver {
 public:
  /// @param launched_here whether `--nproc` started the processes.
  SearchProgress(const GlobalOptions& global, const tune::Search& search, std::string objective,
                 bool launched_here)
      : global_(global),
        folder_(search.files().folder),
        trials_(search.trials()),
        objective_(std::move(objective)),
        launched_here_(launched_here) {}

  void on_run(const tune::Trial& trial, std::int64_t run, std::int64_t runs) override {
    std::string text = "trial " + std::to_string(trial.id) + "/" + std::to_string(trials_);
    if (runs > 1) text += " run " + std::to_string(run + 1) + "/" + std::to_string(runs);
    title_ = text + " ";
    bar_.reset();
  }

  void on_result(const TrialResult& result, bool best) override {
    bar_.reset();  // The next step of this process draws it again.
    const std::string score = result.score ? fmt::format("  {} {:.4f}", objective_, *result.score) : "";
    const std::string end =
        result.error.empty() ? "" : ": " + result.error.substr(0, result.error.find('\n'));
    spdlog::info("trial {}/{}  {}{}  {}  {}  {}{}{}", result.id, trials_, metric::trial_text(result), score,
                 core::counted(result.epochs, "epoch"), core::duration_text(result.seconds),
                 metric::trial_status_name(result.status), end, best ? "  *" : "");
  }

  void on_lost(int rank) override {
    if (launched_here_) return;  // The launcher has reported it.
    bar_.reset();
    spdlog::warn("warning: rank {} was lost; the others continue", rank);
  }

  void on_waiting(const tune::Trial& trial) override {
    bar_.reset();
    spdlog::warn("warning: waiting for trial {}, which a stopped process or another search still holds",
                 trial.id);
  }

  void on_unlocked() override { warn_unlocked(folder_); }

  train::TrainObserver& training() override { return *this; }

 private:
  void on_step(const train::StepReport& report) override {
    if (!bar_) bar_.emplace(global_, title_);
    bar_->on_step(report);
  }

  const GlobalOptions& global_;
  std::filesystem::path folder_;
  std::size_t trials_;
  std::string objective_;
  bool launched_here_;
  std::string title_;
  std::optional<TrainProgress> bar_;
};

std::string search_header(const tune::SearchConfig& config, const tune::Search& search,
                          const Hardware& hardware, const DistributedContext& processes) {
  const auto& tune = config.tune;
  const auto& data = search.runner().data();
  std::string text = "Search: " + std::to_string(search.trials()) + " trials of " + config.base.name + ", " +
                     (tune::maximised(tune.objective) ? "highest " : "lowest ") + tune.objective;
  if (tune.folds) text += ", " + std::to_string(*tune.folds) + " folds";
  if (tune.repeats > 1) text += ", " + std::to_string(tune.repeats) + " repeats";
  text += ", up to " + core::counted(config.base.train.epochs, "epoch") + ", ";
  if (processes.several()) text += std::to_string(processes.store()->size()) + " processes x ";
  text += core::counted(hardware.threads, "thread") + "\nData: " + data.path().string() +
          (data.synthetic() ? " (synthetic digits)" : "") + "\n";
  return text;
}

/// @returns of what the scores are, by the preprocessing of the config: of the validation split, or of the
/// training split that is folded.
std::string fingerprint_of(const tune::Search& search, const tune::SearchConfig& config) {
  const data::PreparedData& data = search.runner().data();
  return data::split_fingerprint(data, config.tune.folds ? data::Split::train : data::Split::val,
                                 {config.base.data.preprocess, data.statistics(data::Split::train)});
}

std::string finish_text(const metric::TuningResult& result, const tune::TuneFiles& files,
                        const std::string& fingerprint) {
  std::string text =
      "\n" + metric::format_tuning(result) + "Fingerprint of the scores: " + fingerprint + "\n";
  if (result.synthetic) text += "These numbers are of synthetic digits.\n";
  text += "\n";
  if (const auto* best = metric::best_trial(result)) {
    text += "Best:     trial " + std::to_string(best->id) + ", " + metric::trial_text(*best) +
            "\nConfig:   " + files.best_config.string() + "\n";
  }
  text += "Results:  " + files.results_csv.string() + "\n          " + files.results_json.string() + "\n";
  if (std::filesystem::exists(files.chart_png)) text += "Chart:    " + files.chart_png.string() + "\n";
  return text;
}

void log_resumed_search(const tune::Search& search, const TuneCommandOptions& options, int threads) {
  if (!options.resume) return;
  if (search.resumed()) {
    spdlog::info("Resuming: {} of {} trials have ended", search.recorded(), search.trials());
    if (search.former_threads() != 0 && search.former_threads() != threads) {
      spdlog::warn(
          "warning: the search began with {} threads a process, this one has {}: scores differ slightly",
          search.former_threads(), threads);
    }
  } else {
    spdlog::info("Nothing to resume in '{}': starting from scratch", search.files().folder.string());
  }
}

void draw_chart(const metric::TuningResult& result, const tune::TuneFiles& files) {
  if (result.trials.empty()) return;
  for (const auto& path : {files.chart_png, files.chart_svg}) {
    const auto drawn = report::write_tuning_chart(path, result);
    if (drawn.status == report::ChartStatus::drawn) continue;
    spdlog::warn("warning: {}; the results are in '{}'", drawn.message, files.results_json.string());
    return;
  }
}

/// @returns the exit code: a search without one completed trial is a failure, which rank 0 reports.
int exit_code(const metric::TuningResult& result, bool is_first) {
  if (metric::best_trial(result) != nullptr) return 0;
  if (!is_first) return static_cast<int>(ExitCode::numeric);
  const std::string why = result.trials.empty() ? "" : "; the first: " + result.trials.front().error;
  return report_error({ExitCode::numeric,
                       "none of the " + std::to_string(result.trials.size()) + " trials was completed" + why,
                       "change the search's space or its stopping rule"});
}

int search_distributed(const TuneCommandOptions& options, const GlobalOptions& global,
                       const DistributedContext& processes) {
  auto config = tune::load_search(options.config, overrides(options, global));
  const Hardware hardware = set_up_hardware(global);
  tune::Search search({config, options.output, existing_search(options), hardware.device, processes.store()});
  if (processes.rank() == 0) {
    if (!options.json) print_summary(global, search_header(config, search, hardware, processes));
    log_resumed_search(search, options, hardware.threads);
    warn_of_single_digit(search.runner().data());
  }
  SearchProgress progress(global, search, config.tune.objective, options.processes.count > 1);
  const auto result = search.run(progress);
  if (processes.rank() != 0) return exit_code(result, false);
  draw_chart(result, search.files());
  if (options.json) {
    auto document = metric::tuning_json(result, metric::TuningDetail::contract);
    document["fingerprint"] = fingerprint_of(search, config);
    print_json(document);
  } else {
    print_summary(global, finish_text(result, search.files(), fingerprint_of(search, config)));
  }
  return exit_code(result, true);
}

}  // namespace

int run_command(const TuneCommandOptions& options, const GlobalOptions& global) {
  return run_distributed(options.processes, global,
                         [&](DistributedContext& processes, const GlobalOptions& own) {
                           return search_distributed(options, own, processes);
                         });
}

}  // namespace svhn::cli
