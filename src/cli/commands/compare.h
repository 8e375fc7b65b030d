#pragma once
/// `svhn compare`: several models on the same images.

#include <optional>
#include <string>
#include <vector>

#include "cli/command.h"

namespace svhn::cli {

struct CompareOptions {
  static constexpr CommandInfo kCommand{
      .name = "compare",
      .description = "Compare models on the same images: is one really better?",
      .example = "svhn compare models/model_1_3 models/model_2_1 --pictures differ.png",
      .details =
          "Runs several models over the same images: accuracy with its 95 % interval, negative log "
          "likelihood, "
          "calibration error and Brier score of each, and for each pair the difference with its 95 % "
          "interval, "
          "the images that only one of the two reads right, and the p value of McNemar's exact test.\n\nWith "
          "--against, the models are runs of one training with several seeds, and those behind it runs of "
          "another: mean and standard deviation of each side, and the mean difference of the pairs with "
          "Student's interval."};

  std::vector<InputPath> models;
  std::vector<InputPath> against;  ///< The other side, a model for each of `models`; empty: no sides.
  std::optional<InputPath> data;
  std::string split = "test";
  bool other_data = false;
  bool other_preprocessing = false;
  std::optional<OutputText> differences;  ///< CSV
  std::optional<OutputFile> pictures;     ///< .png
  bool json = false;
};

void add_options(CLI::App& command, CompareOptions& options);
int run_command(const CompareOptions& options, const GlobalOptions& global);

}  // namespace svhn::cli
