#pragma once
/// `--find-lr` of `svhn train` and `svhn transfer`.

#include <string>

#include "cli/commands/train.h"
#include "train/session.h"

namespace svhn::cli {

/// Runs a learning-rate range test, draws its curve as NAME.find_lr.png into the output folder and prints the
/// suggestion. @param first whether this process prints. @returns the exit code.
int find_learning_rate(const RunOptions& options, train::Session& session, const std::string& name,
                       bool first);

}  // namespace svhn::cli
