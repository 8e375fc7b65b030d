#include "cli/commands/evaluate.h"

#include "cli/command_line.h"
#include "data/corruption_names.h"

namespace svhn::cli {
namespace {

std::string corruption_words() {
  std::string words = "all";
  for (const auto& corruption : data::kCorruptions) words += " " + std::string(corruption.name);
  return words;
}

void add_corruptions(CLI::App& command, CorruptionOptions& options) {
  auto* corrupt = command
                      .add_option("--corrupt", options.names,
                                  "Evaluate on corrupted images, too: all, or names joined by commas")
                      ->type_name("NAME")
                      ->delimiter(',')
                      ->check(hint(HintKind::words, corruption_words()));
  command.add_option("--severity", options.severities, "Severities, 1 to 5, joined by commas (default: all)")
      ->delimiter(',')
      ->check(hint(HintKind::words, "1 2 3 4 5"));
  command.add_option("--corrupt-seed", options.seed, "Seed of the corruptions")
      ->check(refuse_negative)
      ->capture_default_str();
  add_path(command, "--corrupt-baseline", options.baseline,
           "The model whose errors are the measure of the mean corruption error (the paper's: AlexNet)")
      ->transform(model_path())
      ->needs(corrupt);
  add_path(command, "--corrupt-chart", options.chart,
           "Draw the errors on corrupted images (FILE.png or FILE.svg)")
      ->needs(corrupt);
  add_path(command, "--corrupt-preview", options.preview,
           "Draw the first image with every corruption and severity (PNG)");
}

}  // namespace

void add_options(CLI::App& command, EvaluateCommandOptions& options) {
  add_models(command, options.models, true);
  add_views(command, options.views);
  add_path(command, "--data", options.data, "Prepared file; default: the one of the first model's run folder")
      ->check(hint(HintKind::endings, ".safetensors"));
  command.add_option("--split", options.split, "The rows of the data")
      ->check(CLI::IsMember({"test", "val", "train"}))
      ->capture_default_str();
  add_path(command, "--predictions", options.predictions, "Write each image's prediction (CSV)");
  add_path(command, "--confusion", options.confusion, "Draw the confusion matrix (FILE.png or FILE.svg)");
  add_path(command, "--reliability", options.reliability,
           "Draw the reliability diagram, accuracy by confidence (FILE.png or FILE.svg)");
  add_path(
      command, "--coverage", options.coverage,
      "Draw the accuracy where only the surest images are answered, by their share (FILE.png or FILE.svg)");
  command.add_option("--reject", options.reject,
                     "Also tell how many answers have at least this probability, 0 to 1, and their accuracy");
  add_corruptions(command, options.corruptions);
  command.add_flag("--json", options.json, "One JSON document on stdout");
  add_process_options(command, options.processes);
}

}  // namespace svhn::cli
