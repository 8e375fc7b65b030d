#pragma once
/// Runs a search and records each trial as soon as it has ended. Several processes, on one machine or
/// several, may share a search: each trains complete trials, and all write to the same folder.

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
  /// Store of the processes that share the search; empty: one process. `output` must be the same folder for
  /// all, on a shared file system with locks. The owner of the store must call `leave` or `fail`.
  std::shared_ptr<distributed::Store> store{};
};

/// Gets events of a search. Observers do not change its results.
class SearchObserver {
 public:
  virtual ~SearchObserver() = default;
  /// A run of a trial starts or continues. @param run from 0, of `runs`.
  virtual void on_run(const Trial& /*trial*/, std::int64_t /*run*/, std::int64_t /*runs*/) {}
  /// A trial has ended. @param best whether it is the best trial so far.
  virtual void on_result(const metric::TrialResult& /*result*/, bool /*best*/) {}
  /// A process was lost; the others continue and take over its trial.
  virtual void on_lost(int /*rank*/) {}
  /// The only trials left are locked by processes that do not respond: stopped ones or those of another
  /// search.
  virtual void on_waiting(const Trial& /*trial*/) {}
  /// The file system of the search's folder has no locks, which would keep other searches out.
  virtual void on_unlocked() {}
  /// @returns the observer of the runs' training.
  virtual train::TrainObserver& training() = 0;
};

/// A search. Killed at any moment and started again with ExistingRun::resume, it continues from the last
/// finished epoch and gives the same results except for timings, with any number of processes, as long as
/// each computes with the same number of threads. When a process dies, the others take over its trial. With
/// several processes the folder of a trial that the median rule stopped may have a few epochs more than its
/// result, because the trial ran until all earlier ones had ended.
class Search {
 public:
  /// Checks every value and opens the data; rank 0 reads the records of trials that have ended. Writes
  /// nothing.
  /// @throws core::Error(usage) when there is a search already; (model) when it is another search; (data);
  /// (config).
  explicit Search(SearchRequest request);
  ~Search();

  /// Runs the trials that are left. A trial that diverges or whose network is impossible is recorded as
  /// failed. After each trial rank 0 writes the results and the best config and calls on_result.
  /// @throws core::Error when the search cannot continue, for example because the disk is full; (usage) when
  /// another search runs in this folder or the processes differ in config, data, threads, precision or
  /// folder; (device) when rank 0 was lost; the error of another process that failed. core::Interrupted in
  /// all processes when one of them receives a signal.
  metric::TuningResult run(SearchObserver& observer);

  [[nodiscard]] std::size_t trials() const;  ///< Number of trials.
  [[nodiscard]] const TuneFiles& files() const;
  [[nodiscard]] const TrialRunner& runner() const;
  [[nodiscard]] std::size_t recorded() const;  ///< Number of trials that had ended before.
  [[nodiscard]] bool resumed() const;          ///< Whether the search continues an earlier one.
  /// @returns the number of threads of the earlier search; 0: unknown. Scores depend on it slightly.
  [[nodiscard]] int former_threads() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace svhn::tune
