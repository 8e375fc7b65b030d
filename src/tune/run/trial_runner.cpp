#include "tune/run/trial_runner.h"

#include <new>
#include <nlohmann/json.hpp>

#include "core/error.h"
#include "core/memory.h"
#include "core/signals.h"
#include "train/run_files.h"
#include "train/session.h"
#include "tune/folds.h"

namespace svhn::tune {
namespace {

using core::Error;
using core::ExitCode;
using data::PreparedData;
using data::Split;

std::vector<std::shared_ptr<const PreparedData>> divide(const std::shared_ptr<const PreparedData>& data,
                                                        const TuneOptions& options) {
  std::vector<std::shared_ptr<const PreparedData>> divided;
  for (std::int64_t repeat = 0; repeat < options.repeats; ++repeat) {
    if (!options.folds) {
      divided.push_back(data);
      continue;
    }
    const FoldPlan plan{*options.folds, options.fold_order,
                        options.seed + static_cast<std::uint64_t>(repeat)};
    const auto folds = make_folds(data->indices(Split::train), data->labels(), data->groups(), plan);
    for (const auto& fold : folds) {
      divided.push_back(std::make_shared<const PreparedData>(data->divided(fold.train, fold.val)));
    }
  }
  return divided;
}

bool has_ended(const train::TrainingState& state, const train::TrainOptions& options) {
  return state.epoch >= options.epochs || state.stopped_early;
}

/// @returns whether the run paused.
bool advance_run(const Trial& trial, std::int64_t run, const TrialWork& work, TrialProgress& progress) {
  bool paused = false;
  progress.last_ended = false;
  progress.runs.emplace_back();
  const RunPause pause = [&](const metric::History& history) {
    progress.runs.back() = history;
    paused = work.pause(progress);
    return paused;
  };
  try {
    progress.runs.back() = work.runner->advance(trial, run, pause, *work.training);
    progress.last_ended = !paused;
  } catch (const core::Interrupted& stop) {
    throw core::Interrupted(stop.signal(), "trial " + std::to_string(trial.id) + ": " + stop.what());
  } catch (const Error& error) {
    // Caused by the values of the trial; any other error would occur in the next trial as well.
    if (error.code() != ExitCode::numeric && error.code() != ExitCode::config) throw;
    progress.failure = error.what();
  } catch (const std::bad_alloc&) {
    progress.failure = "out of memory";
  } catch (const c10::Error& error) {
    progress.failure = core::is_out_of_memory(error) ? "out of memory" : error.what_without_backtrace();
  }
  if (!progress.failure.empty()) work.check_search();
  return paused;
}

}  // namespace

TrialRunner::TrialRunner(const SearchConfig& search, TuneFiles files, const torch::Device& device)
    : search_(search),
      files_(std::move(files)),
      device_(device),
      data_(std::make_shared<const PreparedData>(search.base.data.file)),
      divided_(divide(data_, search.tune)) {}

std::int64_t TrialRunner::runs() const {
  return static_cast<std::int64_t>(divided_.size());
}

train::SessionRequest TrialRunner::request(const Trial& trial, std::int64_t run) const {
  auto config = trial_config(search_, trial);
  config.name = TuneFiles::run_name(trial.id, run, runs());
  config.train.seed += static_cast<std::uint64_t>(run / folds());
  train::SessionRequest request = train::session_request(config);
  request.output = files_.trials;
  request.existing = train::ExistingRun::resume;
  request.device = device_;
  request.opened = divided_[static_cast<std::size_t>(run)];
  return request;
}

metric::History TrialRunner::advance(const Trial& trial, std::int64_t run, const RunPause& pause,
                                     train::TrainObserver& observer) const {
  const auto asked = request(trial, run);
  train::Session session(asked);
  const auto& state = session.state();
  // A killed process may have written its last checkpoint at the epoch of the pause.
  const bool paused = state.epoch > 0 && !has_ended(state, asked.train) && pause(state.history);
  if (!paused) {
    session.run({&observer}, [&](const train::TrainingState& now) { return pause(now.history); });
  }
  return session.state().history;
}

void TrialRunner::cleanup(const Trial& trial) const {
  for (std::int64_t run = 0; run < runs(); ++run) {
    const train::RunFiles files(files_.trials, TuneFiles::run_name(trial.id, run, runs()));
    std::error_code error;
    std::filesystem::remove_all(files.checkpoints, error);  // If that fails, they only use disk space.
  }
}

TrialProgress run_trial(const Trial& trial, const TrialWork& work) {
  TrialProgress progress;
  for (std::int64_t run = 0; run < work.runner->runs(); ++run) {
    work.on_run(run);
    const bool paused = advance_run(trial, run, work, progress);
    if (!progress.failure.empty() || (paused && work.pause_ends_trial)) break;
  }
  return progress;
}

}  // namespace svhn::tune
