#include "cli/commands/interpret.h"

#include "cli/command_line.h"

namespace svhn::cli {

void add_options(CLI::App& command, InterpretCommandOptions& options) {
  add_models(command, options.models, true);
  add_path(command, "--data", options.data, "Prepared file; default: the one of the first model's run folder")
      ->check(hint(HintKind::endings, ".safetensors"));
  add_path(command, "--output", options.output,
           "Folder for what is made; default: the results of the model's run, else interpretation");
  command
      .add_option("--what", options.what, "The parts, joined by commas (default: all that the split allows)")
      ->delimiter(',')
      ->check(CLI::IsMember({"confusion", "misclassified", "activations", "embeddings", "tsne", "saliency"}));
  command.add_option("--split", options.split, "The rows of the data")
      ->check(CLI::IsMember({"test", "val", "train"}))
      ->capture_default_str();
  command.add_option("--digit", options.digit, "The true digit whose mistakes are shown")
      ->check(CLI::Range(0, 9))
      ->capture_default_str();
  command
      .add_option("--index", options.index, "The image of activations and saliency, counted within the split")
      ->check(CLI::Range(std::int64_t{0}, kMostRows))
      ->capture_default_str();
  command.add_option("--layer", options.layers, "Layers by name or number (repeatable)")
      ->type_name("NAME")
      ->check(hint(HintKind::layer))
      ->allow_extra_args(false);
  command.add_option("--perplexity", options.perplexity,
                     "Perplexity of t-SNE (default: 30, and a third of the number of images below 91)");
  command
      .add_option("--tsne-method", options.tsne_method,
                  "How t-SNE adds up its forces: fft interpolates, in linear time; exact takes all pairs")
      ->check(CLI::IsMember({"fft", "exact"}))
      ->capture_default_str();
  add_path(command, "--onto", options.onto, "Place the images on an earlier map (tsne.safetensors)")
      ->check(hint(HintKind::endings, ".safetensors"));
  command.add_option("--seed", options.seed, "Seed of t-SNE's descent")
      ->check(refuse_negative)
      ->capture_default_str();
  command.add_flag("--json", options.json, "One JSON document on stdout");
  add_process_options(command, options.processes);
}

}  // namespace svhn::cli
