#pragma once
/// The command line of the program as CLI11 describes it: the global options, and the commands of a table.

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <vector>

#include "cli/command.h"

namespace svhn::cli {

struct Program {
  explicit Program(const std::vector<Command>& commands);
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;
  ~Program() = default;

  CLI::App app;
  GlobalOptions global{};
  Action chosen{};  ///< After parsing: what runs the given command.
};

/// @returns the subcommands that the help shows.
std::vector<CLI::App*> visible_commands(CLI::App& app);
std::vector<const CLI::App*> visible_commands(const CLI::App& app);

}  // namespace svhn::cli
