#pragma once
/// The entry point of both programs: parses the command line and runs the command.

#include <vector>

#include "cli/command.h"

namespace svhn::cli {

/// Parses the arguments and runs the command. Every exception becomes one line and a hint on stderr.
/// @param argc, argv of `main`.
/// @returns the exit code of the process.
int run(int argc, const char* const* argv, const std::vector<Command>& commands);

}  // namespace svhn::cli
