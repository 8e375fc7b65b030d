#pragma once
/// `svhn interpret`: misclassified images, activations, embeddings, saliency.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "cli/command.h"
#include "cli/commands/ensemble.h"

namespace svhn::cli {

struct InterpretCommandOptions {
  static constexpr CommandInfo kCommand{
      .name = "interpret",
      .description = "Show what a model sees, confuses and learns",
      .example = "svhn interpret --model models/model_2_2.safetensors --output interpretation",
      .details =
          "Makes what --what names: the confusion matrix; the misclassified images of one digit and the "
          "worst mistakes; the activations of layers for one image; the embeddings of a split; their map by "
          "t-SNE; what of an image the prediction depends on (saliency).\n\nA map is placed again with "
          "--onto, so that new images can be seen on it."};

  ModelChoice models;
  std::optional<InputPath> data;
  std::optional<OutputFolder> output;  ///< Else the run folder's results, or interpretation/ without one.
  std::vector<std::string> what;       ///< Empty: everything.
  std::string split = "test";
  int digit = 3;
  std::int64_t index = 0;
  std::vector<std::string> layers;   ///< Names or indices; empty: the defaults of each part.
  std::optional<double> perplexity;  ///< Of t-SNE.
  std::string tsne_method = "fft";
  std::optional<InputPath> onto;
  std::uint64_t seed = 1;
  bool json = false;
  ProcessOptions processes{};
};

void add_options(CLI::App& command, InterpretCommandOptions& options);
int run_command(const InterpretCommandOptions& options, const GlobalOptions& global);

}  // namespace svhn::cli
