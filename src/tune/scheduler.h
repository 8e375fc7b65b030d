#pragma once
/// The order of the trials of a search: rungs, each of which starts when all results of the one before are
/// known. Depends on the results alone, not on the time, the order or the process that they come from.

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

/// Trials that may run in parallel.
struct Rung {
  std::string name;                    ///< Unique within the search.
  std::optional<std::int64_t> epochs;  ///< Epochs after which each run pauses; unset: after its last one.
  std::vector<std::size_t> trials;     ///< Indices in the search's list, ascending.
};

/// The trials that are scheduled together: all of a search, or one round of the search `tpe`.
struct TrialRound {
  std::string name;       ///< Unique within the search.
  std::size_t first = 0;  ///< Index of its first trial.
  std::size_t end = 0;    ///< One more than that of its last trial.
};

/// Decides which trials run next, and which ones successive halving drops.
class TrialScheduler {
 public:
  /// @param trial index in the list. @returns the record of a trial that has ended, or nullptr.
  using Ended = std::function<const metric::TrialResult*(std::size_t trial)>;

  /// Plans the rungs: one for all trials; with successive halving those of each bracket.
  /// @param epochs of a complete run. @param ended called at any time.
  TrialScheduler(TuneOptions options, std::int64_t epochs, const TrialRound& round, Ended ended);

  /// @returns the current rungs, at most one for each bracket, in the order in which to run them; none when
  /// the search has ended.
  [[nodiscard]] const std::vector<Rung>& open() const { return open_; }
  /// @returns whether a trial of a rung has no result yet.
  [[nodiscard]] bool pending(const std::string& rung, std::size_t trial) const;
  /// Stores the result of a trial at a rung.
  void put(const std::string& rung, std::size_t trial, const metric::TrialResult& result);
  /// Ends the rungs without pending trials and starts the next ones.
  /// @returns the results of the trials that were dropped.
  std::vector<metric::TrialResult> settle();

 private:
  struct Bracket {
    std::string name;
    std::vector<std::int64_t> rungs;  // In epochs; the last is the complete run.
    std::size_t rung = 0;             // Index of the current one.
    std::vector<std::size_t> live;
  };

  [[nodiscard]] const metric::TrialResult* known(const std::string& rung, std::size_t trial) const;
  [[nodiscard]] static Rung rung_of(const Bracket& bracket);
  [[nodiscard]] std::optional<double> rung_score(const metric::TrialResult& result, std::int64_t rung) const;
  [[nodiscard]] bool complete(const Rung& rung) const;
  void drop_worst(Bracket& bracket, std::vector<metric::TrialResult>& dropped);
  void list_open();

  TuneOptions options_;
  Ended ended_;
  std::vector<Bracket> brackets_;  // Those that have not ended.
  std::vector<Rung> open_;
  std::map<std::string, std::map<std::size_t, metric::TrialResult>> results_;  // By rung.
};

}  // namespace svhn::tune
