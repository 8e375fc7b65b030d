#pragma once
/// Rules that end bad trials early. A curve is the objective after each epoch, epoch 1 first.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "tune/options.h"

namespace svhn::tune {

/// @returns which epoch of a run counts: of its whole curve, or of a part of it at a rung.
Score resolved_score(const TuneOptions& options);

/// @returns the value of a curve that counts, of its first `epochs` epochs; nothing without one.
/// @param score best or last.
std::optional<double> curve_score(std::span<const double> curve, Score score, bool maximize);

/// The median stopping rule: a trial stops after epoch s when its best value so far is worse than the median
/// of the running means over epochs 1..s of the completed trials. Curves shorter than s do not count.
/// @param curve of the trial, s epochs. @param completed whole curves of completed trials.
/// @see Golovin et al., "Google Vizier: A Service for Black-Box Optimization", KDD 2017, section 3.2.2
bool median_rule_stops(std::span<const double> curve, std::span<const std::vector<double>> completed,
                       const StoppingOptions& options, bool maximize);

/// The same rule while earlier trials still run, on other processes. Each of those may yet add a curve of any
/// values, or none.
/// @param running their number.
/// @returns whether the rule stops the trial whatever becomes of them.
bool median_rule_will_stop(std::span<const double> curve, std::span<const std::vector<double>> completed,
                           std::size_t running, const StoppingOptions& options, bool maximize);

/// The epochs at which successive halving compares: r, r·η, r·η² … and last `epochs` itself, with
/// r = min_epochs · η^bracket.
/// @see Li et al., "Hyperband: A Novel Bandit-Based Approach to Hyperparameter Optimization", JMLR 18 (2018),
/// algorithm 1: brackets of successive halving, each with the same share of the trials here.
std::vector<std::int64_t> halving_rungs(const StoppingOptions& options, std::int64_t bracket,
                                        std::int64_t epochs);

/// @returns which of the trials go on: the best ⌊n/η⌋, at least one, of equals the first; ascending.
/// @param scores nothing for a trial that failed.
std::vector<std::size_t> halving_survivors(std::span<const std::optional<double>> scores,
                                           std::int64_t reduction, bool maximize);

}  // namespace svhn::tune
