#pragma once
/// The trials of a search and their configs. All are planned before the first one runs, but for the search
/// `tpe`, see trial_plan.h.

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "metric/tuning.h"
#include "tune/search_config.h"

namespace svhn::tune {

struct Trial {
  std::int64_t id = 0;  ///< From 1.
  std::string label;    ///< Label of a listed trial; else empty.
  std::vector<metric::TunedValue> values;
};

/// Plans the trials of a search. Random draws depend on seed, parameter name and trial number alone, so a
/// longer search starts with the trials of a shorter one; choices and integers are drawn uniformly, and no
/// trial occurs twice (as in scikit-learn's ParameterSampler over lists). A grid has the order of
/// scikit-learn's ParameterGrid.
/// Of the search `tpe` only the random trials at its start are planned.
/// @returns the trials in order; fewer than `trials` when there are not as many different ones.
/// @throws core::Error(config) for a grid over a range that is not countable or with more than 100,000
/// points.
std::vector<Trial> plan_trials(const TuneOptions& options);

/// @returns the number of trials of a search `random` or `tpe`, unless a narrow range has fewer numbers.
std::int64_t trial_count(const TuneOptions& options);

/// @returns random values, which depend on the search's seed, the parameters' names and the number alone.
std::vector<std::string> random_values(const TuneOptions& options, std::uint64_t number);

/// @returns a trial with these values of the parameters; its id is not set.
Trial make_trial(const TuneOptions& options, const std::vector<std::string>& values);

/// @returns the values of a countable parameter, in order, as JSON; at most 100,000.
/// @throws core::Error(config) for uniform and log_uniform, or for more values.
std::vector<std::string> parameter_values(const Parameter& parameter);

/// @returns the resolved document of `base` with the values of a trial set, those of shorter paths first.
nlohmann::json trial_document(const config::RunConfig& base, const Trial& trial);

/// @returns the config of a trial, with a checkpoint after each epoch.
/// @throws core::Error(config) naming the search's file and the values when they give no valid config.
config::RunConfig trial_config(const SearchConfig& search, const Trial& trial);

/// Checks both ends and all choices of every parameter by itself, and the first 1000 trials, for missing
/// paths, values out of range and impossible networks.
/// @returns the number of trials. @throws core::Error(config)
std::size_t check_search(const SearchConfig& search);

}  // namespace svhn::tune
