#pragma once
/// `svhn transfer`: trains a head on a backbone, or compares backbones.

#include <optional>
#include <string>

#include "cli/command.h"
#include "cli/commands/train.h"

namespace svhn::cli {

struct TransferCommandOptions {
  static constexpr CommandInfo kCommand{
      .name = "transfer",
      .description = "Train a head on an ImageNet backbone, or compare backbones",
      .example = "svhn transfer --config configs/q4_1.json --weights weights/vgg16_notop.h5",
      .details =
          "Trains a head on a network whose weights were published for ImageNet. What its frozen layers make "
          "of the images is computed once and kept for all epochs.\n\nWith --compare, trains the same head "
          "on each backbone of a list and prints a table of them."};

  RunOptions run;
  std::string backbone;              ///< Instead of the config's; empty: that one.
  std::optional<InputPath> weights;  ///< A file or "random"; default: from the config.
  std::optional<InputPath> compare;  ///< A list of backbones instead of a config.
  ProcessOptions processes{};
};

void add_options(CLI::App& command, TransferCommandOptions& options);
int run_command(const TransferCommandOptions& options, const GlobalOptions& global);

}  // namespace svhn::cli
