#pragma once
/// `svhn tune`: searches a space of values.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "cli/command.h"

namespace svhn::cli {

struct TuneCommandOptions {
  static constexpr CommandInfo kCommand{
      .name = "tune",
      .description = "Search hyperparameters: random, grid, a list of changes or TPE",
      .example = "svhn tune --config configs/tune_units.json --trials 5",
      .details =
          "Trains the network of a config again and again, each time with other values from the config's "
          "section \"tune\": drawn at random, all points of a grid, or a list of changes. Prints the trials "
          "by their score.\n\nFinished trials are kept: --resume goes on with the others.",
      .tolerates_losses = true};

  InputPath config;
  std::optional<InputPath> data;
  std::optional<std::int64_t> trials;
  OutputFolder output = OutputFolder::of("models");
  std::vector<std::string> set;
  std::optional<std::uint64_t> seed;
  bool resume = false;
  bool overwrite = false;
  bool json = false;
  ProcessOptions processes{};
};

void add_options(CLI::App& command, TuneCommandOptions& options);
int run_command(const TuneCommandOptions& options, const GlobalOptions& global);

}  // namespace svhn::cli
