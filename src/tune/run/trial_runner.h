#pragma once
/// Trains the runs of a trial. Which trial comes next is decided by tune/scheduler.h.

#include <functional>
#include <memory>
#include <vector>

#include "metric/history.h"
#include "train/session.h"
#include "tune/outcome.h"
#include "tune/search_config.h"
#include "tune/trials.h"
#include "tune/tune_files.h"

namespace svhn::tune {

/// Called after each epoch, also those of an earlier process. @returns whether the run pauses there.
using RunPause = std::function<bool(const metric::History& history)>;

/// Trains single runs of trials.
class TrialRunner {
 public:
  /// Opens the data once for all trials, and divides them into folds.
  /// @param search must outlive the runner. @throws core::Error(data), (config)
  TrialRunner(const SearchConfig& search, TuneFiles files, const torch::Device& device);

  /// @returns the number of runs of a trial, folds times repeats; run i is fold i % folds of repeat i /
  /// folds.
  [[nodiscard]] std::int64_t runs() const;
  [[nodiscard]] const data::PreparedData& data() const { return *data_; }

  /// Trains a run from its last checkpoint to its end, or until `pause` returns true.
  /// @returns the curves of all its epochs.
  /// @throws core::Error(numeric) when it diverged; (config) for an impossible network; other codes when the
  /// search cannot continue.
  /// @throws core::Interrupted after a checkpoint was written.
  metric::History advance(const Trial& trial, std::int64_t run, const RunPause& pause,
                          train::TrainObserver& observer) const;

  /// Removes the checkpoints of a trial that has ended, but not its models and curves.
  void cleanup(const Trial& trial) const;

 private:
  [[nodiscard]] train::SessionRequest request(const Trial& trial, std::int64_t run) const;
  [[nodiscard]] std::int64_t folds() const { return search_.tune.folds.value_or(1); }

  const SearchConfig& search_;
  TuneFiles files_;
  torch::Device device_;
  std::shared_ptr<const data::PreparedData> data_;
  std::vector<std::shared_ptr<const data::PreparedData>>
      divided_;  // By run; without folds the prepared data.
};

/// Called after each epoch of the last run. @returns whether that run pauses there.
using TrialPause = std::function<bool(const TrialProgress& so_far)>;

/// How `run_trial` runs the runs of a trial, and its callbacks.
struct TrialWork {
  const TrialRunner* runner = nullptr;
  train::TrainObserver* training = nullptr;
  std::function<void(std::int64_t run)> on_run;  ///< A run starts or continues.
  std::function<void()> check_search;  ///< Called after a failure; throws when the search has failed.
  TrialPause pause;
  bool pause_ends_trial = false;  ///< Otherwise the next run starts.
};

/// Runs the runs of a trial one after the other. When one diverges or has an impossible network, the trial
/// fails.
/// @throws core::Error when the search cannot continue; core::Interrupted after a checkpoint was written.
TrialProgress run_trial(const Trial& trial, const TrialWork& work);

}  // namespace svhn::tune
