#pragma once
/// `svhn calibrate`: fits the temperature of a model's probabilities and keeps it in the model.

#include <optional>
#include <string>

#include "cli/command.h"

namespace svhn::cli {

struct CalibrateOptions {
  static constexpr CommandInfo kCommand{
      .name = "calibrate",
      .description = "Make a model's probabilities tell how often it is right",
      .example = "svhn calibrate --model models/model_2_1",
      .details =
          "Finds the temperature by which a model's logits are divided, so that its probabilities fit the "
          "validation split best, and keeps it in the model file. All commands use it from then on; the "
          "digits stay the same.\n\nCalibration error, Brier score and negative log likelihood are printed "
          "before and after, also of the test split, which the fit has not seen."};

  InputPath model;
  std::optional<InputPath> data;
  std::string split = "val";
  std::optional<OutputFile> output;  ///< Unset: the model itself.
  bool json = false;
};

void add_options(CLI::App& command, CalibrateOptions& options);
int run_command(const CalibrateOptions& options, const GlobalOptions& global);

}  // namespace svhn::cli
