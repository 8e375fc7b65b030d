#pragma once
/// Commands as rows of a table. A command is a struct of options with three functions beside it:
///
///     struct XOptions { static constexpr CommandInfo kCommand{...}; ... };
///     void add_options(CLI::App& command, XOptions& options);
///     int run_command(const XOptions& options, const GlobalOptions& global);
///
/// Paths are of the types of cli/options.h, so that no output of a command replaces an input.
/// `add_options` needs neither LibTorch nor OpenCV. `run_command` may, then it belongs to the library.

#include <functional>
#include <memory>
#include <vector>

#include "cli/options.h"

namespace CLI {
class App;
}

namespace svhn::cli {

/// The fixed properties of a command.
struct CommandInfo {
  const char* name;
  const char* description;   ///< One line.
  const char* example;       ///< A command line, shown below the help.
  const char* details = "";  ///< For the manual page; an empty line ends a paragraph.
  bool needs_engine = true;
  /// With `--nproc`, the other processes go on when one other than rank 0 is lost.
  bool tolerates_losses = false;
  bool hidden = false;  ///< Neither in the help nor completed: for programs.
};

/// Runs a parsed command. @returns the exit code of the process.
using Action = std::function<int(const GlobalOptions&)>;

/// A row of the table of commands.
struct Command {
  CommandInfo info;
  /// Describes the options to CLI11. @returns what runs the command with the options that are parsed then.
  std::function<Action(CLI::App&)> add_options;
  std::vector<Command> subcommands{};  ///< If there are any, one of them must be given.
};

/// The commands of a program, in the order of its help.
template <typename... Options>
struct CommandList {};

/// @param run called with the parsed options and GlobalOptions; returns the exit code.
template <typename Run, typename... Options>
std::vector<Command> make_commands(CommandList<Options...> list, const Run& run);

/// @returns the row of a command. A struct with the type `Subcommands`, a CommandList, has no options itself.
template <typename Options, typename Run>
Command make_command(const Run& run) {
  if constexpr (requires { typename Options::Subcommands; }) {
    return {Options::kCommand, {}, make_commands(typename Options::Subcommands(), run)};
  } else {
    return {Options::kCommand, [run](CLI::App& command) -> Action {
              auto options = std::make_shared<Options>();
              add_options(command, *options);
              return [options, run](const GlobalOptions& global) { return run(*options, global); };
            }};
  }
}

template <typename Run, typename... Options>
std::vector<Command> make_commands(CommandList<Options...> /*list*/, const Run& run) {
  return {make_command<Options>(run)...};
}

}  // namespace svhn::cli
