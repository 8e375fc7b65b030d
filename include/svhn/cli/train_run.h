#pragma once
/// A run from its config, as `train` and `transfer` do it.

#include "svhn/cli/options.h"
#include "svhn/config/run_config.h"
#include "svhn/transfer/features.h"

namespace svhn::cli {

/// @returns what the options change in a config, as `--set` would.
std::vector<std::string> run_overrides(const TrainCommandOptions& options, const GlobalOptions& global);

/// @returns events that tell the user about features on stderr.
transfer::FeatureEvents feature_events(const GlobalOptions& global);

/// Trains, shows a finished run, or times one, as the options say, and prints the results.
/// @returns the exit code.
int run_configured(const TrainCommandOptions& options, config::RunConfig config, const GlobalOptions& global);

}  // namespace svhn::cli
