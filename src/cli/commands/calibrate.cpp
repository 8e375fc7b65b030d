#include "cli/commands/calibrate.h"

#include "cli/command_line.h"

namespace svhn::cli {

void add_options(CLI::App& command, CalibrateOptions& options) {
  add_path(command, "--model", options.model, "The model file, or its run folder")
      ->transform(model_path())
      ->required();
  add_path(command, "--data", options.data, "Prepared file; default: the one of the model's run folder")
      ->check(hint(HintKind::endings, ".safetensors"));
  command.add_option("--split", options.split, "The rows to fit on; the training has not learnt from val")
      ->check(CLI::IsMember({"test", "val", "train"}))
      ->capture_default_str();
  add_path(command, "--output", options.output, "Another file to write; default: the model itself")
      ->check(hint(HintKind::endings, ".safetensors"));
  command.add_flag("--json", options.json, "One JSON document on stdout");
}

}  // namespace svhn::cli
