#include "cli/commands/transfer.h"

#include "cli/command_line.h"

namespace svhn::cli {

void add_options(CLI::App& command, TransferCommandOptions& options) {
  add_run_options(command, options.run);
  add_process_options(command, options.processes);
  command.get_option("--config")->required(false);
  command.add_option("--backbone", options.backbone,
                     "A backbone by name, e.g. vgg16, in place of the config's; no --config is needed");
  add_path(command, "--weights", options.weights,
           "The backbone's weights: a file, or random; with --backbone by default weights/NAME.safetensors");
  add_path(command, "--compare", options.compare, "Train the same head on each backbone of this list (JSON)")
      ->transform(find_config)
      ->excludes("--config")
      ->excludes("--backbone")
      ->excludes("--dry-run")
      ->excludes("--no-train")
      ->excludes("--nproc");
}

}  // namespace svhn::cli
