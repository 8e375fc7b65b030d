#pragma once
/// Runs one trial, or a part of it. Which trial comes next is others' matter (tune/search.h).

#include <functional>
#include <memory>
#include <vector>

#include "metric/history.h"
#include "train/session.h"
#include "tune/search_config.h"
#include "tune/trials.h"
#include "tune/tune_files.h"

namespace svhn::tune {

/// Asked after each epoch, also those of former processes: whether the run pauses there.
using RunPause = std::function<bool(const metric::History& history)>;

class TrialRunner {
 public:
  /// Opens the data once, for all trials, and divides it into folds.
  /// @param search outlives the runner. @throws core::Error data, config
  TrialRunner(const SearchConfig& search, TuneFiles files, const torch::Device& device);

  /// @returns runs of a trial: folds times repeats; run i is fold i % folds of repeat i / folds.
  [[nodiscard]] std::int64_t runs() const;
  [[nodiscard]] const data::PreparedData& data() const { return *data_; }

  /// Trains a run from where its checkpoint stands, to its end or until `pause` says so.
  /// @returns the curves of all its epochs.
  /// @throws core::Error numeric: it diverged; config: no sound network; others: the search cannot go on.
  /// @throws core::Interrupted after a checkpoint.
  metric::History advance(const Trial& trial, std::int64_t run, const RunPause& pause,
                          train::TrainObserver& observer) const;

  /// Removes the checkpoints of a trial that has ended; models and curves stay.
  void cleanup(const Trial& trial) const;

 private:
  [[nodiscard]] train::SessionRequest request(const Trial& trial, std::int64_t run) const;
  [[nodiscard]] std::int64_t folds() const { return search_.tune.folds.value_or(1); }

  const SearchConfig& search_;
  TuneFiles files_;
  torch::Device device_;
  std::shared_ptr<const data::PreparedData> data_;
  std::vector<std::shared_ptr<const data::PreparedData>> divided_;  // By run; the whole without folds.
};

}  // namespace svhn::tune
