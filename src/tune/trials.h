#pragma once
/// Which trials a search has, all known before the first one runs; and what each makes of the config.

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "metric/tuning.h"
#include "tune/search_config.h"

namespace svhn::tune {

struct Trial {
  std::int64_t id = 0;  ///< From 1.
  std::string label;    ///< Of a listed one; else empty.
  std::vector<metric::TunedValue> values;
};

/// The trials in order. Random ones depend on seed, parameter and number alone, so a longer search begins
/// with the trials of a shorter one; a value that is as likely as others is drawn uniformly, and no trial
/// comes twice (as in scikit-learn's ParameterSampler over lists). A grid has the order of scikit-learn's
/// ParameterGrid. Where there are fewer different trials than `trials`, those.
/// @throws core::Error(config) for a grid over a range that is not countable or with over 100,000 points.
std::vector<Trial> plan_trials(const TuneOptions& options);

/// @returns the values of a countable parameter, in order, as JSON; at most 100,000.
/// @throws core::Error(config) for uniform and log_uniform, or more values.
std::vector<std::string> parameter_values(const Parameter& parameter);

/// @returns the base's resolved document with a trial's values put in, those of shorter paths first.
nlohmann::json trial_document(const config::RunConfig& base, const Trial& trial);

/// The run of one trial. Each epoch is saved, whatever the config says.
/// @throws core::Error(config) naming the search's file and the values when they make no sound config.
config::RunConfig trial_config(const SearchConfig& search, const Trial& trial);

/// Tries every end and choice of every parameter by itself, and the first 1000 trials: paths that lead
/// nowhere, values out of range, networks that cannot be. @returns the trials.
/// @throws core::Error(config)
std::vector<Trial> check_search(const SearchConfig& search);

}  // namespace svhn::tune
