#pragma once
/// What a trial has come to, from the curves of its runs.

#include <cstddef>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "metric/history.h"
#include "metric/tuning.h"
#include "tune/options.h"
#include "tune/trials.h"

namespace svhn::tune {

/// A trial's runs so far, one after the other.
struct TrialProgress {
  std::vector<metric::History> runs;  ///< The last may be under way, paused or broken off by the failure.
  bool last_ended = false;            ///< The last run has come to its end.
  std::string failure;                ///< Of the last run; empty: none.
};

/// Whether a rule ends a trial with this curve (epoch 1 first) of a run.
using EndsTrial = std::function<bool(std::span<const double> curve)>;

/// Where a rule ends a trial.
struct EndPoint {
  std::size_t run = 0;
  std::size_t epochs = 0;  ///< Of that run.
};

/// @returns the first point at which the rule ends the trial, which may have run further meanwhile; nothing
/// when it never does. No rule is asked after the last epoch of a run.
std::optional<EndPoint> find_end(const TrialProgress& attempt, const std::string& objective,
                                 const EndsTrial& ends);

/// @returns the trial's result as `completed` or `failed`.
metric::TrialResult result_of(const TuneOptions& options, const Trial& trial, const TrialProgress& attempt);

/// @returns its result as if it had been stopped at that point. @param why the rule's words.
metric::TrialResult stopped_result(const TuneOptions& options, const Trial& trial, TrialProgress attempt,
                                   const EndPoint& end, const std::string& why);

}  // namespace svhn::tune
