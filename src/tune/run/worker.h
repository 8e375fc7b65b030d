#pragma once
/// One process's part in a search, or the whole of it: takes what is to be done, does it, tells the others.
/// Results do not depend on how many processes there are, nor on which does what.

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
#include "tune/run/trial_work.h"
#include "tune/scheduler.h"
#include "tune/search_lock.h"

namespace svhn::tune {

/// What a worker works with; everything outlives it.
struct SearchContext {
  const SearchConfig& search;
  const std::vector<Trial>& trials;
  const TrialRunner& runner;
  TrialQueue& queue;
  TrialJournal& journal;
  SearchLock& lock;
  SearchObserver& observer;
};

class Worker : private train::TrainObserver {
 public:
  explicit Worker(const SearchContext& place);

  /// Works until every trial has ended. @throws core::Error, core::Interrupted
  void run();

 private:
  /// A trial that this process holds the lock of.
  struct Job {
    std::string round;
    std::optional<std::int64_t> rung;
    std::size_t trial = 0;
  };

  std::optional<Job> next_job();
  std::optional<std::size_t> draw(const Rung& round);
  bool take(const Rung& round, std::size_t trial);
  void rest();
  void tell_whom_we_wait_for();

  void work(const Job& job);
  void run_to_rung(const Job& job);
  void try_whole(const Trial& trial);
  TrialProgress attempt(const Trial& trial, const AttemptPause& pause, bool pause_ends_trial);

  void listen();
  void hear(const std::string& message);
  void judge_held();
  void keep(const metric::TrialResult& result);
  void learn(const metric::TrialResult& result);
  void look_around();
  void check_ownership();

  [[nodiscard]] const TuneOptions& options() const { return place_.search.tune; }
  [[nodiscard]] bool median_rule() const;
  [[nodiscard]] bool will_stop(const Trial& trial, const TrialProgress& attempt) const;
  [[nodiscard]] std::vector<std::vector<double>> completed_before(std::int64_t id) const;
  [[nodiscard]] std::size_t running_before(std::int64_t id) const;

  void on_step(const train::StepReport& report) override;
  void on_epoch(const train::EpochReport& report) override;

  SearchContext place_;
  TrialScheduler scheduler_;
  std::set<std::string> drawn_;                 // Rounds without tickets left.
  std::map<std::int64_t, TrialProgress> held_;  // By trial: run, and waiting for earlier trials to be judged.
  const Trial* current_ = nullptr;              // Being trained.
  core::Clock::time_point next_look_ = core::Clock::now();
  std::optional<core::Clock::time_point> idle_since_;
  std::set<std::int64_t> waited_for_;  // Trials that the user knows of.
};

}  // namespace svhn::tune
