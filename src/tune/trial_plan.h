#pragma once
/// The trials of a search, as far as they are known. All are known at once, but for the search `tpe`: its
/// trials come in rounds, and those of a round depend on the results of the rounds before alone. So the plan
/// is the same for any number of processes and after any interruption.

#include <cstddef>
#include <functional>
#include <set>
#include <string>
#include <vector>

#include "metric/tuning.h"
#include "tune/tpe.h"
#include "tune/trials.h"

namespace svhn::tune {

class TrialPlan {
 public:
  /// @param id of a trial, from 1. @returns its result, or nullptr while it has none.
  using Result = std::function<const metric::TrialResult*(std::int64_t id)>;

  /// @throws core::Error as `plan_trials`.
  explicit TrialPlan(TuneOptions options);
  TrialPlan(const TrialPlan&) = delete;
  TrialPlan& operator=(const TrialPlan&) = delete;

  /// @returns the trials that are known; their addresses stay.
  [[nodiscard]] const std::vector<Trial>& trials() const { return trials_; }
  /// @returns the number of trials of the whole search.
  [[nodiscard]] std::size_t size() const { return size_; }
  /// @returns the index of the first trial of the last round.
  [[nodiscard]] std::size_t round_begin() const { return begin_; }
  /// @returns the number of rounds before the last one.
  [[nodiscard]] std::size_t round() const { return round_; }

  /// Plans the next round once all known trials have ended.
  /// @returns false before that, and when there is none.
  bool extend(const Result& result);

 private:
  [[nodiscard]] std::vector<std::string> find_values(const TpeEvidence& evidence, std::size_t index) const;

  TuneOptions options_;
  std::vector<Trial> trials_;
  std::size_t size_ = 0;
  std::size_t begin_ = 0;
  std::size_t round_ = 0;
  std::set<std::vector<std::string>> seen_;
};

}  // namespace svhn::tune
