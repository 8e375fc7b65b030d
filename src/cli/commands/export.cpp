#include "cli/commands/export.h"

#include "cli/command_line.h"

namespace svhn::cli {

void add_options(CLI::App& command, ExportOptions& options) {
  add_path(command, "--model", options.model, "The model file, or its run folder")
      ->transform(model_path())
      ->required();
  add_path(command, "--output", options.output, "The .onnx file")
      ->check(hint(HintKind::endings, ".onnx"))
      ->required();
  command.add_option("--opset", options.opset, "Version of ONNX' set of operators")
      ->check(CLI::Range(ExportOptions::kFirstOpset, ExportOptions::kLastOpset))
      ->capture_default_str();
  command.add_flag("--without-preprocessing", options.without_preprocessing,
                   "The graph takes pictures that are preprocessed already, as numbers");
  command.add_flag("--json", options.json, "One JSON document on stdout");
}

}  // namespace svhn::cli
