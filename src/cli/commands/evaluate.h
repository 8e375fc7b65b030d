#pragma once
/// `svhn evaluate`: measures a model on a split.

#include <filesystem>
#include <optional>
#include <string>

#include "cli/command.h"

namespace svhn::cli {

struct EvaluateCommandOptions {
  static constexpr CommandInfo kCommand{
      .name = "evaluate",
      .description = "Measure a model on a split",
      .example = "svhn evaluate --model models/model_2_1.best.safetensors --split test"};

  std::filesystem::path model;
  std::optional<std::filesystem::path> data;
  std::string split = "test";
  std::optional<std::filesystem::path> predictions;
  std::optional<std::filesystem::path> confusion;    ///< .png or .svg
  std::optional<std::filesystem::path> reliability;  ///< .png or .svg
  bool json = false;
  ProcessOptions processes{};
};

void add_options(CLI::App& command, EvaluateCommandOptions& options);
int run_command(const EvaluateCommandOptions& options, const GlobalOptions& global);

}  // namespace svhn::cli
