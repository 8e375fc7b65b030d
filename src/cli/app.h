#pragma once
/// The entry point of the program and of its library: parses the command line and runs the command.

#include <exception>
#include <vector>

#include "cli/command.h"
#include "core/error.h"

namespace svhn::cli {

/// Parses the arguments and runs the command. Every exception becomes one line and a hint on stderr.
/// @param argc, argv of `main`.
/// @returns the exit code of the process.
int run(int argc, const char* const* argv, const std::vector<Command>& commands);

/// @returns what to report of an exception of the project or of a library.
core::Error describe(const std::exception& exception);

}  // namespace svhn::cli
