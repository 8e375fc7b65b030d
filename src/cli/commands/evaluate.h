#pragma once
/// `svhn evaluate`: measures a model on a split.

#include <optional>
#include <string>

#include "cli/command.h"

namespace svhn::cli {

struct EvaluateCommandOptions {
  static constexpr CommandInfo kCommand{
      .name = "evaluate",
      .description = "Evaluate a model: accuracy, calibration, confusion",
      .example = "svhn evaluate --model models/model_2_1.best.safetensors --split test"};

  InputPath model;
  std::optional<InputPath> data;
  std::string split = "test";
  std::optional<OutputText> predictions;
  std::optional<OutputFile> confusion;    ///< .png or .svg
  std::optional<OutputFile> reliability;  ///< .png or .svg
  bool json = false;
  ProcessOptions processes{};
};

void add_options(CLI::App& command, EvaluateCommandOptions& options);
int run_command(const EvaluateCommandOptions& options, const GlobalOptions& global);

}  // namespace svhn::cli
