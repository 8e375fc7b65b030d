#include "cli/commands/transfer.h"

#include "cli/command_line.h"

#include "model/backbones/backbone.h"

namespace svhn::cli {
namespace {

/// @returns the names of the backbones, joined by blanks.
std::string backbones() {
  std::string names;
  for (const std::string_view name : model::graph_backbones()) names += std::string(name) + " ";
  return names;
}

}  // namespace

void add_options(CLI::App& command, TransferCommandOptions& options) {
  add_run_options(command, options.run);
  add_process_options(command, options.processes);
  command.get_option("--config")->required(false);
  command
      .add_option("--backbone", options.backbone,
                  "A backbone by name, e.g. vgg16, in place of the config's; no --config is needed")
      ->type_name("NAME")
      ->check(hint(HintKind::words, backbones()));
  add_path(command, "--weights", options.weights,
           "The backbone's weights: a file, or random; with --backbone by default weights/NAME.safetensors")
      ->check(hint(HintKind::words, "random"))
      ->check(hint(HintKind::endings, ".safetensors .h5 .pth .pt"));
  add_path(command, "--compare", options.compare, "Train the same head on each backbone of this list (JSON)")
      ->transform(config_path())
      ->excludes("--config")
      ->excludes("--backbone")
      ->excludes("--dry-run")
      ->excludes("--no-train")
      ->excludes("--nproc");
}

}  // namespace svhn::cli
