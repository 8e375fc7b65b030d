#pragma once
/// A run from its config, as `train` and `transfer` do it.

#include "cli/engine/distributed_context.h"
#include "cli/engine/setup.h"
#include "cli/options.h"
#include "config/run_config.h"
#include "transfer/features.h"

namespace svhn::cli {

/// @returns what the options change in a config, as `--set` would.
std::vector<std::string> run_overrides(const TrainCommandOptions& options, const GlobalOptions& global);

/// @returns what a session is asked for: the config's run, where the options put it.
train::SessionRequest session_request(const TrainCommandOptions& options, const config::RunConfig& config,
                                      const Hardware& hardware);

/// @returns events that tell the user about features on stderr.
transfer::FeatureEvents feature_events(const GlobalOptions& global);

/// Trains, shows a finished run, or times one, as the options say, and prints the results. All of `processes`
/// call it.
/// @returns the exit code.
int run_configured(const TrainCommandOptions& options, config::RunConfig config, const GlobalOptions& global,
                   DistributedContext& processes);

}  // namespace svhn::cli
