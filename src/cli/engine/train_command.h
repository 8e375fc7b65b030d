#pragma once
/// The parts of `train` that `transfer` uses, too.

#include "cli/commands/train.h"
#include "cli/engine/distributed_context.h"
#include "cli/engine/setup.h"
#include "config/run_config.h"
#include "data/prepared.h"
#include "transfer/features.h"

namespace svhn::cli {

/// @returns the changes of the config that the options ask for, in the form of `--set`.
std::vector<std::string> run_overrides(const RunOptions& options, const GlobalOptions& global);

/// @returns the request for a session that trains the config, with the output folder and device of the
/// options.
train::SessionRequest session_request(const RunOptions& options, const config::RunConfig& config,
                                      const Hardware& hardware);

/// Warns on stderr when all training images show the same digit.
void warn_of_single_digit(const data::PreparedData& data);

/// @returns callbacks that log the computation of cached features on stderr.
transfer::FeatureEvents feature_events(const GlobalOptions& global);

/// Warns that nothing keeps another process from writing into a folder.
void warn_unlocked(const std::filesystem::path& folder);

/// Trains, shows a finished run (`--no-train`) or times a step (`--dry-run`), and prints the results. All
/// processes must call it.
/// @param one_of_several whether others print the results.
/// @returns the exit code.
int run_configured(const RunOptions& options, config::RunConfig config, const GlobalOptions& global,
                   DistributedContext& processes, bool one_of_several = false);

}  // namespace svhn::cli
