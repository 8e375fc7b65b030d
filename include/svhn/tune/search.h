#pragma once
/// A whole search: trial after trial, each kept as soon as it has ended.

#include <functional>
#include <memory>
#include <optional>

#include "svhn/metric/tuning.h"
#include "svhn/tune/runner.h"

namespace svhn::tune {

struct SearchRequest {
  SearchConfig config;
  std::filesystem::path output = "models";
  train::ExistingRun existing = train::ExistingRun::refuse;
  torch::Device device = torch::kCPU;
};

/// Who wants to know how a search goes. Observers never change it.
class SearchObserver {
 public:
  virtual ~SearchObserver() = default;
  /// A run of a trial begins or goes on. @param run from 0, of `runs`.
  virtual void on_run(const Trial& /*trial*/, std::int64_t /*run*/, std::int64_t /*runs*/) {}
  /// A trial has ended. @param best so far.
  virtual void on_result(const metric::TrialResult& /*result*/, bool /*best*/) {}
  /// @returns who watches the training of runs.
  virtual train::TrainObserver& training() = 0;
};

/// Says which trial comes next, as its place in the list; nothing at the end. Whoever works on a search asks.
using NextTrial = std::function<std::optional<std::size_t>()>;
/// @returns 0, 1, … count - 1.
NextTrial in_order(std::size_t count);

/// Killed at any moment and made again with ExistingRun::resume, a search goes on from its last finished
/// epoch and ends with the same results, timings aside.
class Search {
 public:
  /// Checks every value, opens the data and reads the records of trials that have ended; writes nothing.
  /// @throws core::Error usage: a search is there already; model: it is another one; data, config.
  explicit Search(SearchRequest request);
  ~Search();

  /// Runs the trials that are left. A trial that diverges or whose network cannot be is recorded as failed.
  /// Results and the best config are written after each trial.
  /// @throws core::Error when the search cannot go on (a full disk); core::Interrupted
  metric::TuningResult run(SearchObserver& observer);

  [[nodiscard]] const std::vector<Trial>& trials() const;
  [[nodiscard]] const TuneFiles& files() const;
  [[nodiscard]] const Runner& runner() const;
  [[nodiscard]] std::size_t recorded() const;  ///< Trials that had ended before.
  [[nodiscard]] bool resumed() const;          ///< There was a search to go on with.

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace svhn::tune
