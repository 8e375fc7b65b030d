#pragma once
/// `svhn predict`: which digits pictures show.

#include <optional>
#include <vector>

#include "cli/command.h"
#include "cli/commands/ensemble.h"

namespace svhn::cli {

/// An answer of a smaller probability is doubted where none is rejected.
inline constexpr double kDoubtedBelow = 0.5;

struct PredictCommandOptions {
  static constexpr CommandInfo kCommand{
      .name = "predict",
      .description = "Predict the digits that pictures show",
      .example = "svhn predict --model models/model_2_1.best.safetensors house.png",
      .details =
          "Prints the digits that a model sees in pictures of any size, the likeliest first. Folders are "
          "searched for pictures.\n\nWith --jsonl, answers come line by line while names are still read from "
          "the standard input."};

  ModelChoice models;
  ViewChoice views{};
  std::vector<InputPath> images;
  int top_k = 3;
  std::optional<double> reject;  ///< Smallest probability of an answer.
  bool json = false;
  bool jsonl = false;
};

void add_options(CLI::App& command, PredictCommandOptions& options);
int run_command(const PredictCommandOptions& options, const GlobalOptions& global);

}  // namespace svhn::cli
