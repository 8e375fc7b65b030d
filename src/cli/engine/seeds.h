#pragma once
/// `svhn train --seeds`: the same training with several seeds.

#include "cli/commands/train.h"
#include "cli/engine/distributed_context.h"
#include "config/run_config.h"

namespace svhn::cli {

/// Trains a run for each seed, NAME-seed1 and so on, and prints mean and deviation of the accuracies of their
/// best models. Finished runs are not trained again with `--resume`, and no run is with `--no-train`. All
/// processes must call it.
/// @param config the one whose seed is the first. @returns the exit code. @throws core::Error
int run_seeds(const TrainCommandOptions& options, const config::RunConfig& config,
              const GlobalOptions& global, DistributedContext& processes);

}  // namespace svhn::cli
