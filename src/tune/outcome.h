#pragma once
/// Scores and results of trials from the learning curves of their runs, and the rules that stop bad trials
/// early. A curve has the objective after each epoch, epoch 1 first.

#include <cstddef>
#include <cstdint>
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

/// @returns which epoch of a curve counts; never automatic.
Score resolved_score(const TuneOptions& options);

/// @param score best or last. @returns the value of the epoch that counts; nothing for an empty curve.
std::optional<double> curve_score(std::span<const double> curve, Score score, bool maximize);

/// The median stopping rule: a trial stops after epoch s when its best value so far is worse than the median
/// of the running means over epochs 1..s of the completed trials. Curves shorter than s do not count.
/// @param curve of the trial, s epochs. @param completed complete curves of completed trials.
/// @see Golovin et al., "Google Vizier: A Service for Black-Box Optimization", KDD 2017, section 3.2.2
bool median_rule_stops(std::span<const double> curve, std::span<const std::vector<double>> completed,
                       const StoppingOptions& options, bool maximize);

/// The median stopping rule while earlier trials still run in other processes. Each of them may yet add a
/// curve with any values, or none.
/// @param running the number of these trials.
/// @returns whether the rule stops the trial whatever their results are.
bool median_rule_will_stop(std::span<const double> curve, std::span<const std::vector<double>> completed,
                           std::size_t running, const StoppingOptions& options, bool maximize);

/// The rungs of successive halving, in epochs: r, r·η, r·η² … and last `epochs` itself, with
/// r = min_epochs · η^bracket.
/// @see Li et al., "Hyperband: A Novel Bandit-Based Approach to Hyperparameter Optimization", JMLR 18 (2018),
/// algorithm 1: brackets of successive halving, each with the same share of the trials here.
std::vector<std::int64_t> halving_rungs(const StoppingOptions& options, std::int64_t bracket,
                                        std::int64_t epochs);

/// @param scores of the trials of a rung; nothing for a failed trial.
/// @returns the indices of the trials that continue, ascending: the best ⌊n/η⌋, at least one, of equal ones
/// the first.
std::vector<std::size_t> halving_survivors(std::span<const std::optional<double>> scores,
                                           std::int64_t reduction, bool maximize);

/// The runs of a trial so far, in their order.
struct TrialProgress {
  std::vector<metric::History> runs;  ///< The last may be running, paused or failed.
  bool last_ended = false;            ///< Whether the last run has ended.
  std::string failure;                ///< Message of the last run's failure; empty: none.
};

/// @returns whether a rule stops a trial with this curve of a run.
using EndsTrial = std::function<bool(std::span<const double> curve)>;

/// Where a rule stops a trial.
struct EndPoint {
  std::size_t run = 0;
  std::size_t epochs = 0;  ///< Number of epochs of that run.
};

/// @returns the first point at which the rule stops the trial, which may have run further; nothing when it
/// never does. The rule is not applied after the last epoch of a run.
std::optional<EndPoint> find_end(const TrialProgress& progress, const std::string& objective,
                                 const EndsTrial& ends);

/// @returns the trial's result as `completed` or `failed`.
metric::TrialResult result_of(const TuneOptions& options, const Trial& trial, const TrialProgress& progress);

/// @param why reason for `error`. @returns the trial's result as if it had stopped at `end`.
metric::TrialResult stopped_result(const TuneOptions& options, const Trial& trial, TrialProgress progress,
                                   const EndPoint& end, const std::string& why);

}  // namespace svhn::tune
