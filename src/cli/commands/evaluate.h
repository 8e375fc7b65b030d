#pragma once
/// `svhn evaluate`: measures a model on a split.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "cli/command.h"
#include "cli/commands/ensemble.h"

namespace svhn::cli {

/// Corruptions of the images, see data/corruption_names.h.
struct CorruptionOptions {
  std::vector<std::string> names{};  ///< "all" or names; empty: none.
  std::vector<int> severities{};     ///< Empty: all.
  std::uint64_t seed = 1;
  std::optional<InputPath> baseline{};
  std::optional<OutputFile> chart{};  ///< .png or .svg
  std::optional<OutputFile> preview{};
};

struct EvaluateCommandOptions {
  static constexpr CommandInfo kCommand{
      .name = "evaluate",
      .description = "Evaluate a model: accuracy, calibration, confusion",
      .example = "svhn evaluate --model models/model_2_1.best.safetensors --split test",
      .details =
          "Measures a model on one split of a prepared file: accuracy with its 95 % interval, loss, whether "
          "the digit is among the two or three likeliest, calibration error, Brier score, how much more "
          "accurate the surer answers are, confusion matrix, and the scores of each digit.\n\nWith --corrupt "
          "also the errors on images with the fifteen common "
          "corruptions of Hendrycks and Dietterich (arXiv 1903.12261) in five severities, as they are "
          "defined for CIFAR-10-C; frost is drawn, in place of the paper's photographs.\n\nSeveral models "
          "answer together, by the mean of their probabilities or logits; with --views each also looks at "
          "shifts of the image.\n\nThe results of one model are kept in its run folder, if it has one, for "
          "svhn report."};

  ModelChoice models;
  ViewChoice views{};
  std::optional<InputPath> data;
  std::string split = "test";
  std::optional<OutputText> predictions;
  std::optional<OutputFile> confusion;    ///< .png or .svg
  std::optional<OutputFile> reliability;  ///< .png or .svg
  std::optional<OutputFile> coverage;     ///< .png or .svg
  std::optional<double> reject;           ///< Smallest probability of an answer.
  CorruptionOptions corruptions{};
  bool json = false;
  ProcessOptions processes{};
};

void add_options(CLI::App& command, EvaluateCommandOptions& options);
int run_command(const EvaluateCommandOptions& options, const GlobalOptions& global);

}  // namespace svhn::cli
