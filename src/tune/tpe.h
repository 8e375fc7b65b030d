#pragma once
/// The tree-structured Parzen estimator, which proposes values that are likelier among good trials than among
/// the others.
/// @see Bergstra, Bardenet, Bengio, Kégl, "Algorithms for Hyper-Parameter Optimization", NIPS 2011, section 4

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "metric/tuning.h"
#include "tune/options.h"
#include "tune/trials.h"

namespace svhn::tune {

/// The trials that have ended, good ones and others, each by id.
struct TpeEvidence {
  std::vector<const Trial*> good;
  std::vector<const Trial*> others;
};

/// Divides trials: the best `gamma` of them, but at most 25, are good. Completed trials come by their score;
/// then stopped ones, those of more epochs first, then by score; then failed ones.
/// @param results of the trials, in their order.
TpeEvidence divide_trials(const TuneOptions& options, std::span<const Trial> trials,
                          std::span<const metric::TrialResult* const> results);

/// Proposes the values of a trial, each by itself: of `candidates` draws from the density of the good trials
/// the one whose density is highest in proportion to that of the others.
/// @param number of the trial. @param attempt another one gives other draws.
/// @returns a value for each parameter, as JSON.
std::vector<std::string> propose_values(const TuneOptions& options, const TpeEvidence& evidence,
                                        std::uint64_t number, std::uint64_t attempt);

}  // namespace svhn::tune
