#pragma once
/// What there is to do in a search, whoever does it: rounds of trials, of which one begins when all results
/// of the one before are known. Depends on results alone, never on when or where they came about.

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "metric/tuning.h"
#include "tune/options.h"

namespace svhn::tune {

/// Trials that may run at the same time.
struct Rung {
  std::string name;                  ///< Different for each round of a search.
  std::optional<std::int64_t> rung;  ///< Epochs after which each run pauses; unset: it goes to its end.
  std::vector<std::size_t> trials;   ///< Places in the search's list, ascending.
};

class TrialScheduler {
 public:
  /// @returns the record of a trial that has ended, or nullptr. @param trial its place in the list.
  using Ended = std::function<const metric::TrialResult*(std::size_t trial)>;

  /// One round for all trials; successive halving has one for each bracket and rung.
  /// @param epochs of a whole run. @param trials their number. @param ended asked again and again.
  TrialScheduler(TuneOptions options, std::int64_t epochs, std::size_t trials, Ended ended);

  /// @returns the rounds under way, at most one a bracket, in the order in which to work on them; none: the
  /// search is at its end.
  [[nodiscard]] const std::vector<Rung>& open() const { return open_; }
  /// @returns whether a trial is still to be run in a round.
  [[nodiscard]] bool pending(const std::string& round, std::size_t trial) const;
  /// Tells what a trial has come to at a rung.
  void put(const std::string& round, std::size_t trial, const metric::TrialResult& result);
  /// Ends rounds in which nothing is pending and begins those that follow.
  /// @returns the results of trials that go no further.
  std::vector<metric::TrialResult> settle();

 private:
  struct Bracket {
    std::int64_t number = 0;
    std::vector<std::int64_t> rungs;  // The last is the whole run.
    std::size_t rung = 0;             // Under way.
    std::vector<std::size_t> live;
  };

  [[nodiscard]] const metric::TrialResult* known(const std::string& round, std::size_t trial) const;
  [[nodiscard]] static Rung round_of(const Bracket& bracket);
  [[nodiscard]] std::optional<double> rung_score(const metric::TrialResult& result, std::int64_t rung) const;
  [[nodiscard]] bool complete(const Rung& round) const;
  void drop_worst(Bracket& bracket, std::vector<metric::TrialResult>& dropped);
  void list_open();

  TuneOptions options_;
  Ended ended_;
  std::vector<Bracket> brackets_;  // Those not at their end.
  std::vector<Rung> open_;
  std::map<std::string, std::map<std::size_t, metric::TrialResult>> results_;  // By round.
};

}  // namespace svhn::tune
