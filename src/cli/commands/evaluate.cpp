#include "cli/commands/evaluate.h"

#include "cli/command_line.h"

namespace svhn::cli {

void add_options(CLI::App& command, EvaluateCommandOptions& options) {
  command.add_option("--model", options.model, "The model file")->required();
  command.add_option("--data", options.data, "Prepared file; default: the one of the model's run folder");
  command.add_option("--split", options.split, "Which rows")
      ->check(CLI::IsMember({"test", "val", "train"}))
      ->capture_default_str();
  command.add_option("--predictions", options.predictions, "Write each image's prediction (CSV)");
  command.add_option("--confusion", options.confusion, "Draw the confusion matrix (FILE.png or FILE.svg)");
  command.add_option("--reliability", options.reliability,
                     "Draw how right each confidence is (FILE.png or FILE.svg)");
  command.add_flag("--json", options.json, "One JSON document on stdout");
  add_process_options(command, options.processes);
}

}  // namespace svhn::cli
