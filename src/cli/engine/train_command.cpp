#include "cli/engine/train_command.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "cli/commands/train.h"
#include "cli/console.h"
#include "cli/engine/find_lr.h"
#include "cli/engine/live_chart.h"
#include "cli/engine/progress.h"
#include "cli/engine/seeds.h"
#include "cli/engine/setup.h"
#include "config/run_config.h"
#include "core/file.h"
#include "core/input_guard.h"
#include "core/json.h"
#include "core/text.h"
#include "core/words.h"
#include "metric/tables.h"
#include "model/frozen_cut.h"
#include "model/model_file.h"
#include "model/summary.h"
#include "network/pretrained.h"
#include "train/session.h"

namespace svhn::cli {
namespace {

using core::Error;
using core::ExitCode;

train::ExistingRun existing_run(const RunOptions& options) {
  if (options.resume) return train::ExistingRun::resume;
  // Neither writes a run, so an existing one does not matter.
  return options.overwrite || options.dry_run || options.find_lr ? train::ExistingRun::overwrite
                                                                 : train::ExistingRun::refuse;
}

void warn_about(const train::TrainOptions& options, const model::Graph& graph) {
  constexpr std::int64_t kFewEpochs = 5, kManyEpochs = 100, kLargeBytes = 100'000'000;
  if (options.epochs < kFewEpochs)
    spdlog::warn("warning: only {}: the curves will say little", core::counted(options.epochs, "epoch"));
  if (options.epochs > kManyEpochs)
    spdlog::warn("warning: {} are many; early_stopping can end a run sooner",
                 core::counted(options.epochs, "epoch"));
  const std::int64_t bytes = graph.counts.total * 4;
  if (bytes > kLargeBytes) spdlog::warn("warning: the model will have {} MB", bytes / 1'000'000);
}

std::string processes_text(int processes, int threads) {
  const std::string each = core::counted(threads, "thread");
  return processes == 1 ? each : std::to_string(processes) + " processes x " + each;
}

std::string run_header(const train::Session& session, const config::RunConfig& config,
                       const Hardware& hardware, int processes) {
  const auto& data = session.data();
  const auto rows = [&](data::Split split) {
    return core::with_thousands(static_cast<std::int64_t>(data.indices(split).size()));
  };
  std::string text = "\n" + model::summary_text(session.graph(), config.name);
  text += "Data: " + data.path().string() + (data.synthetic() ? " (synthetic digits)" : "") + ", " +
          rows(data::Split::train) + " training and " + rows(data::Split::val) + " validation images\n";
  text += "Training: " + core::counted(config.train.epochs, "epoch") + " of " +
          core::counted(session.steps_per_epoch(), "step") + ", batch " +
          std::to_string(config.train.batch_size) + ", " + kernels::precision_name(session.precision()) +
          " on " + hardware.device.str() + ", " + processes_text(processes, hardware.threads) + "\n";
  return text + "An epoch marked * has the best validation accuracy so far.\n";
}

std::string charts_text(const train::RunFiles& files) {
  std::string text;
  for (const auto& chart : {files.curves_png, files.curves_svg}) {
    if (std::filesystem::exists(chart)) text += (text.empty() ? "\nCharts:   " : ", ") + chart.string();
  }
  return text;
}

nlohmann::ordered_json charts_json(const train::RunFiles& files) {
  auto charts = nlohmann::ordered_json::array();
  for (const auto& chart : {files.curves_png, files.curves_svg}) {
    if (std::filesystem::exists(chart)) charts.push_back(chart.string());
  }
  return charts;
}

/// What is told of a finished run, beside its files.
struct Finished {
  metric::History history;
  bool synthetic = false;
  std::string val_fingerprint;  ///< "" where it is not known.
};

std::string finish_text(const train::RunFiles& files, const Finished& run) {
  std::string text = "\n" + metric::format_min_max(run.history);
  if (!run.val_fingerprint.empty())
    text += "Fingerprint of the validation split: " + core::printable(run.val_fingerprint) + "\n";
  if (run.synthetic) text += "These numbers are of synthetic digits.\n";
  text += "\nModel:    " + files.model.string() + "\nBest:     " + files.best_model.string() +
          "\nCurves:   " + files.history.string() + charts_text(files) +
          "\nRun:      " + files.folder.string() + "\n";
  return text;
}

nlohmann::ordered_json finish_json(const train::RunFiles& files, const Finished& run) {
  nlohmann::ordered_json ranges;
  for (const auto& range : metric::curve_table(run.history)) {
    ranges[range.name] = {{"min", range.min}, {"max", range.max}};
  }
  const std::string& fingerprint = run.val_fingerprint;
  return {
      {"model", files.model.string()},
      {"best_model", files.best_model.string()},
      {"run", files.folder.string()},
      {"charts", charts_json(files)},
      {"epochs", run.history.epochs()},
      {"synthetic", run.synthetic},
      {"fingerprint", fingerprint.empty() ? nlohmann::ordered_json() : nlohmann::ordered_json(fingerprint)},
      {"ranges", ranges},
      {"history", metric::history_json(run.history)}};
}

/// `--no-train`: prints a finished run from its files.
int show_finished(const RunOptions& options, const config::RunConfig& config) {
  const train::RunFiles files(options.output, config.name);
  if (!std::filesystem::exists(files.model)) {
    throw Error(ExitCode::usage,
                "there is no finished run '" + config.name + "' in '" + options.output.string() + "'",
                "train it first, or name the folder with --output");
  }
  const model::ModelFile model(files.model);
  const Finished run{metric::read_history(files.history), model.record().synthetic,
                     model.record().val_fingerprint};
  if (!options.json) print_text("\n" + model::summary_text(model.graph(), config.name));
  draw_missing_charts(files, run.history, {config.name, run.synthetic});
  options.json ? print_json(finish_json(files, run)) : print_text(finish_text(files, run));
  return 0;
}

nlohmann::ordered_json dry_run_json(const train::DryRun& dry, std::int64_t batch, int processes) {
  return {{"seconds_per_step", dry.seconds_per_step},
          {"seconds_total", dry.seconds_total},
          {"peak_megabytes", dry.peak_megabytes},
          {"checkpoint_megabytes", dry.checkpoint_megabytes},
          {"features_megabytes", dry.features_megabytes},
          {"batch_size", batch},
          {"processes", processes}};
}

std::string dry_run_text(const train::DryRun& dry, std::int64_t batch, int processes) {
  std::string all = fmt::format(
      "A step takes {:.1f} ms, the whole run about {}; peak memory {:.0f} MiB, a checkpoint {:.1f} MiB.\n",
      dry.seconds_per_step * 1e3, core::duration_text(dry.seconds_total), dry.peak_megabytes,
      dry.checkpoint_megabytes);
  if (dry.features_megabytes > 0.0) {
    all += fmt::format("The frozen layers would run once; their features take {:.0f} MiB.\n",
                       dry.features_megabytes);
  }
  if (processes > 1) {
    all += "Each batch of " + std::to_string(batch) + " is shared by " + std::to_string(processes) +
           " processes; the memory is one process' own.\n";
  }
  return all + "Nothing was written.\n";
}

int show_dry_run(const RunOptions& options, train::Session& session, std::int64_t batch, int processes) {
  const train::DryRun dry = session.dry_run();
  if (options.json) {
    print_json(dry_run_json(dry, batch, processes));
  } else {
    print_text(dry_run_text(dry, batch, processes));
  }
  return 0;
}

/// @returns why a run has ended, or "".
std::string end_text(const train::TrainingState& state, const train::TrainOptions& options) {
  if (state.stopped_early) {
    return fmt::format("Early stopping ended the run after epoch {}: no better {} than in epoch {}",
                       state.epoch, options.early_stopping->monitor, state.early_stopping.best_epoch);
  }
  if (state.epoch < options.epochs) return "";
  return "The run is complete: " + core::counted(options.epochs, "epoch");
}

void log_resumed(const train::Session& session, const train::TrainOptions& options, const Hardware& hardware,
                 int processes) {
  if (!session.resumed()) {
    spdlog::info("Nothing to resume in '{}': starting from scratch", session.files().folder.string());
    return;
  }
  if (const std::string end = end_text(session.state(), options); !end.empty()) {
    spdlog::warn("{}; to train it further, {}", end,
                 session.state().stopped_early ? "raise early_stopping's patience or leave early_stopping out"
                                               : "raise train.epochs");
    return;
  }
  spdlog::info("Resuming after epoch {}, step {}", session.state().epoch, session.state().step_in_epoch);
  if (session.former_threads() == hardware.threads && session.former_processes() == processes) return;
  spdlog::warn("warning: the run was trained with {} so far; with {} it ends a little differently",
               processes_text(session.former_processes(), session.former_threads()),
               processes_text(processes, hardware.threads));
}

void train_and_draw(train::Session& session, const report::RunLabel& label, bool on_terminal,
                    const GlobalOptions& global) {
  TrainProgress progress(global);
  TerminalChart terminal(progress, label);
  const bool shown = on_terminal && stderr_is_terminal() && !global.quiet;
  if (on_terminal && !shown) spdlog::warn("warning: --live-chart needs a terminal; the files are drawn");
  train::TrainObserver* lines = &progress;
  if (shown) lines = &terminal;
  LiveChart chart(session.files(), label);
  // The last epochs may be in no chart yet, however the run ends.
  const auto finish = [&] {
    if (shown) terminal.finish(session.state().history);
    chart.finish(session.state().history);
  };
  try {
    session.run({lines, &chart});
  } catch (...) {
    finish();
    throw;
  }
  finish();
}

/// A run's own resolved config may be its config again: it is replaced by the same text.
void allow_own_config(const RunOptions& options, const train::SessionRequest& request) {
  const train::RunFiles files(request.output, request.name);
  std::error_code error;
  const std::size_t bytes = request.config.size();
  if (!core::is_same_file(options.config, files.config)) return;
  if (std::filesystem::file_size(files.config, error) != bytes || error) return;
  const std::string text = core::read_text_file(files.config, ExitCode::config, bytes);
  if (text == request.config) core::allow_replacing(files.config);
}

}  // namespace

std::vector<std::string> run_overrides(const RunOptions& options, const GlobalOptions& global) {
  std::vector<std::string> set = options.set;
  if (options.data) set.push_back("data.file=" + nlohmann::json(options.data->string()).dump());
  if (options.seed) set.push_back("train.seed=" + std::to_string(*options.seed));
  if (global.precision != "auto") set.push_back("train.precision=" + global.precision);
  return set;
}

train::SessionRequest session_request(const RunOptions& options, const config::RunConfig& config,
                                      const Hardware& hardware) {
  train::SessionRequest request = train::session_request(config);
  request.output = options.output;
  request.existing = existing_run(options);
  request.device = hardware.device;
  return request;
}

transfer::FeatureEvents feature_events(const GlobalOptions& global) {
  transfer::FeatureEvents events;
  events.writing = [](const std::filesystem::path& path, std::uint64_t bytes, std::size_t images) {
    spdlog::info("The frozen layers run once: the features of {} images go to '{}', {} MiB", images,
                 path.string(), (bytes >> 20) + 1);
  };
  events.found = [](const std::filesystem::path& path) {
    spdlog::info("The frozen layers have run before: their features are in '{}'", path.string());
  };
  events.progress = [bar = std::make_shared<StageProgress>(global, "features")](std::size_t done,
                                                                                std::size_t images) {
    bar->show(static_cast<std::int64_t>(done), static_cast<std::int64_t>(images));
  };
  events.unused = [](const std::string& reason) {
    spdlog::warn("warning: the frozen layers run in every epoch, which is slower: {}", reason);
  };
  return events;
}

void warn_of_single_digit(const data::PreparedData& data) {
  const auto rows = data.indices(data::Split::train);
  const auto label = [&data](std::int64_t row) { return data.labels()[static_cast<std::size_t>(row)]; };
  const bool single = std::all_of(rows.begin(), rows.end(),
                                  [&](std::int64_t row) { return label(row) == label(rows.front()); });
  if (rows.empty() || !single) return;
  spdlog::warn("warning: all training images show the digit {}: no model can learn to tell digits apart",
               data::digit_of_class(label(rows.front())));
}

void warn_unlocked(const std::filesystem::path& folder) {
  spdlog::warn("warning: the file system of '{}' has no locks: let no other process write there",
               folder.string());
}

int run_configured(const RunOptions& options, config::RunConfig config, const GlobalOptions& global,
                   DistributedContext& processes, bool one_of_several) {
  if (options.no_train) return processes.rank() == 0 ? show_finished(options, config) : 0;
  network::resolve_backbones(config.model);
  const auto graph = config::plan_run(
      config, options.config.string());  // Names the config file in its error; the session cannot.
  const Hardware hardware = set_up_hardware(global);
  auto request = session_request(options, config, hardware);
  allow_own_config(options, request);
  request.group = processes.group(hardware.device);
  request.frozen = model::frozen_cut(graph);
  request.make_features = transfer::feature_maker(options.output / "features", feature_events(global));
  train::Session session(std::move(request));
  if (!options.dry_run && !options.find_lr) session.open();
  if (!session.exclusive()) warn_unlocked(session.files().folder);
  if (!options.json && !one_of_several)
    print_summary(global, run_header(session, config, hardware, processes.size()));
  warn_about(config.train, session.graph());
  if (processes.rank() == 0) warn_of_single_digit(session.data());
  if (options.dry_run) return show_dry_run(options, session, config.train.batch_size, processes.size());
  if (options.find_lr) return find_learning_rate(options, session, config.name, processes.rank() == 0);
  const bool ended = !end_text(session.state(), config.train).empty();
  if (options.resume && !(ended && one_of_several))
    log_resumed(session, config.train, hardware, processes.size());
  if (processes.rank() != 0) {
    session.run({});
    return 0;
  }
  train_and_draw(session, {config.name, session.data().synthetic()}, options.live_chart, global);
  if (!ended && session.state().stopped_early) spdlog::info("{}", end_text(session.state(), config.train));
  if (one_of_several) return 0;
  const Finished run{session.state().history, session.data().synthetic(), session.val_fingerprint()};
  options.json ? print_json(finish_json(session.files(), run))
               : print_summary(global, finish_text(session.files(), run));
  return 0;
}

int run_command(const TrainCommandOptions& options, const GlobalOptions& global) {
  return run_distributed(options.processes, global,
                         [&](DistributedContext& processes, const GlobalOptions& own) {
                           auto config = config::load_run_config(options.config, run_overrides(options, own));
                           if (options.seeds) return run_seeds(options, config, own, processes);
                           return run_configured(options, std::move(config), own, processes);
                         });
}

}  // namespace svhn::cli
