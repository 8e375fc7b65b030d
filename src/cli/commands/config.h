#pragma once
/// `svhn config check`, `config show` and `config schema`.

#include <string>
#include <vector>

#include "cli/command.h"

namespace svhn::cli {

struct ConfigCheckOptions {
  static constexpr CommandInfo kCommand{
      .name = "check",
      .description = "Check configs and the shapes of their networks",
      .example = "svhn config check configs/q1_1.json",
      .details =
          "Reads configs as the other commands do and builds their networks, without data and without "
          "weights. Prints a line for each config, or for each fault.",
      .needs_engine = false};

  std::vector<InputPath> files;
  std::vector<std::string> set;
  bool json = false;
};

void add_options(CLI::App& command, ConfigCheckOptions& options);
int run_command(const ConfigCheckOptions& options, const GlobalOptions& global);

struct ConfigShowOptions {
  static constexpr CommandInfo kCommand{
      .name = "show",
      .description = "Print a config with every default filled in",
      .example = "svhn config show configs/q1_1.json --set train.epochs=5",
      .details = "Prints a config as svhn reads it: with every key, in a fixed order.",
      .needs_engine = false};

  std::vector<InputPath> files;  ///< One.
  std::vector<std::string> set;
};

void add_options(CLI::App& command, ConfigShowOptions& options);
int run_command(const ConfigShowOptions& options, const GlobalOptions& global);

struct ConfigSchemaOptions {
  static constexpr CommandInfo kCommand{
      .name = "schema",
      .description = "Print the JSON Schema of configs",
      .example = "svhn config schema > svhn.schema.json",
      .details =
          "Prints the JSON Schema (draft 2020-12) of configs, by which editors complete and check them.",
      .needs_engine = false};
};

void add_options(CLI::App& command, ConfigSchemaOptions& options);
int run_command(const ConfigSchemaOptions& options, const GlobalOptions& global);

struct ConfigOptions {
  static constexpr CommandInfo kCommand{
      .name = "config",
      .description = "Check, show and describe configs",
      .example = "svhn config check configs/*.json",
      .details =
          "A config is a JSON file that describes the data, the network and the training of a run, and may "
          "describe a search (\"tune\") or a comparison of backbones (\"compare\").",
      .needs_engine = false};

  using Subcommands = CommandList<ConfigCheckOptions, ConfigShowOptions, ConfigSchemaOptions>;
};

}  // namespace svhn::cli
