#pragma once
/// A whole search: trial after trial, each kept as soon as it has ended. Several processes, on one machine or
/// many, may share one search: each trains whole trials, and all keep them in the same folder.

#include <memory>

#include "distributed/store.h"
#include "metric/tuning.h"
#include "tune/run/trial_runner.h"

namespace svhn::tune {

struct SearchRequest {
  SearchConfig config;
  std::filesystem::path output = "models";
  train::ExistingRun existing = train::ExistingRun::refuse;
  torch::Device device = torch::kCPU;
  /// Of the processes that share the search; empty: this one alone. `output` is the same folder for all of
  /// them, on a file system that their machines share, with locks. Its owner says farewell: `leave`, or
  /// `fail`.
  std::shared_ptr<distributed::Store> store{};
};

/// Who wants to know how a search goes. Observers never change it.
class SearchObserver {
 public:
  virtual ~SearchObserver() = default;
  /// A run of a trial begins or goes on. @param run from 0, of `runs`.
  virtual void on_run(const Trial& /*trial*/, std::int64_t /*run*/, std::int64_t /*runs*/) {}
  /// A trial has ended. @param best so far.
  virtual void on_result(const metric::TrialResult& /*result*/, bool /*best*/) {}
  /// A process was lost; the others go on, with its trial as well.
  virtual void on_lost(int /*rank*/) {}
  /// Nothing is left but a trial of a process that is silent, yet keeps it: stopped, or of another search.
  virtual void on_waiting(const Trial& /*trial*/) {}
  /// @returns who watches the training of runs.
  virtual train::TrainObserver& training() = 0;
};

/// Killed at any moment and made again with ExistingRun::resume, a search goes on from its last finished
/// epoch and ends with the same results, timings aside. So do several processes, whatever their number, as
/// long as each computes with the same number of threads; a process that dies leaves its trial to the others.
/// Where the median rule ends a trial, its folder may then hold a few epochs more than its result: the trial
/// went on until all earlier ones had ended.
class Search {
 public:
  /// Checks every value and opens the data; alone or as rank 0 reads the records of trials that have ended.
  /// Writes nothing.
  /// @throws core::Error usage: a search is there already; model: it is another one; data, config.
  explicit Search(SearchRequest request);
  ~Search();

  /// Runs the trials that are left. A trial that diverges or whose network cannot be is recorded as failed.
  /// Results and the best config are written after each trial, by rank 0, which alone observes results.
  /// @throws core::Error when the search cannot go on: a full disk; usage: another search runs in this
  /// folder, or the processes differ in config, data, threads, precision or folder; device: rank 0 was lost;
  /// what another process failed with. core::Interrupted, in all processes when one receives a signal.
  metric::TuningResult run(SearchObserver& observer);

  [[nodiscard]] const std::vector<Trial>& trials() const;
  [[nodiscard]] const TuneFiles& files() const;
  [[nodiscard]] const TrialRunner& runner() const;
  [[nodiscard]] std::size_t recorded() const;  ///< Trials that had ended before.
  [[nodiscard]] bool resumed() const;          ///< There was a search to go on with.
  /// @returns the threads with which that search began; 0: not known. Other threads, slightly other scores.
  [[nodiscard]] int former_threads() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace svhn::tune
