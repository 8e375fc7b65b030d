#include "cli/commands/evaluate.h"

#include "cli/command_line.h"

namespace svhn::cli {

void add_options(CLI::App& command, EvaluateCommandOptions& options) {
  add_path(command, "--model", options.model, "The model file, or its run folder")
      ->transform(model_path())
      ->required();
  add_path(command, "--data", options.data, "Prepared file; default: the one of the model's run folder")
      ->check(hint(HintKind::endings, ".safetensors"));
  command.add_option("--split", options.split, "The rows of the data")
      ->check(CLI::IsMember({"test", "val", "train"}))
      ->capture_default_str();
  add_path(command, "--predictions", options.predictions, "Write each image's prediction (CSV)");
  add_path(command, "--confusion", options.confusion, "Draw the confusion matrix (FILE.png or FILE.svg)");
  add_path(command, "--reliability", options.reliability,
           "Draw the reliability diagram, accuracy by confidence (FILE.png or FILE.svg)");
  command.add_flag("--json", options.json, "One JSON document on stdout");
  add_process_options(command, options.processes);
}

}  // namespace svhn::cli
