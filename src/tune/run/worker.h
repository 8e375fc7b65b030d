#pragma once
/// The loop of each process of a search: takes trials, runs them, publishes their results.
/// Results do not depend on the number of processes nor on which process runs which trial.

#include <chrono>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "core/clock.h"
#include "tune/outcome.h"
#include "tune/run/search.h"
#include "tune/run/trial_journal.h"
#include "tune/run/trial_queue.h"
#include "tune/scheduler.h"
#include "tune/search_lock.h"
#include "tune/trial_plan.h"

namespace svhn::tune {

/// What a worker needs; everything must outlive it.
struct SearchContext {
  const SearchConfig& search;
  TrialPlan& plan;
  const TrialRunner& runner;
  TrialQueue& queue;
  TrialJournal& journal;
  SearchLock& lock;
  SearchObserver& observer;
};

class Worker : private train::TrainObserver {
 public:
  explicit Worker(const SearchContext& context);

  /// Runs trials until every trial of the search has ended. @throws core::Error, core::Interrupted
  void run();

 private:
  /// A trial whose lock this process holds.
  struct Job {
    std::string rung;                    ///< Its name.
    std::optional<std::int64_t> epochs;  ///< Of the rung; unset: a complete run.
    std::size_t trial = 0;
  };

  bool start_round();
  std::optional<Job> next_job();
  std::optional<std::size_t> next_trial(const Rung& rung);
  bool try_own(const Rung& rung, std::size_t trial);
  void wait();
  void report_waiting();

  void work(const Job& job);
  void run_to_rung(const Job& job);
  void run_to_end(const Trial& trial);
  TrialProgress run_trial(const Trial& trial, const TrialPause& pause, bool pause_ends_trial);

  void poll_messages();
  void handle_message(const std::string& message);
  void finish_held();
  void finish_trial(const metric::TrialResult& result);
  void add_result(const metric::TrialResult& result);
  void check_processes();
  void check_ownership();

  [[nodiscard]] const TuneOptions& options() const { return context_.search.tune; }
  [[nodiscard]] const std::vector<Trial>& trials() const { return context_.plan.trials(); }
  [[nodiscard]] TrialScheduler make_scheduler() const;
  [[nodiscard]] bool median_rule() const;
  [[nodiscard]] bool will_stop(const Trial& trial, const TrialProgress& progress) const;
  [[nodiscard]] std::vector<std::vector<double>> completed_before(std::int64_t id) const;
  [[nodiscard]] std::size_t running_before(std::int64_t id) const;

  void on_step(const train::StepReport& report) override;
  void on_epoch(const train::EpochReport& report) override;

  SearchContext context_;
  TrialScheduler scheduler_;
  std::set<std::string> exhausted_;  // Rungs whose queue is at its end.
  std::map<std::int64_t, TrialProgress>
      held_;                        // By trial id: have run, and wait for the results of earlier trials.
  const Trial* current_ = nullptr;  // The trial that is being trained.
  core::Clock::time_point next_check_ = core::Clock::now();
  std::optional<core::Clock::time_point> idle_since_;
  std::set<std::int64_t> reported_;  // Trials for which on_waiting was called.
};

}  // namespace svhn::tune
