#include "cli/commands/transfer.h"

#include "cli/command_line.h"

namespace svhn::cli {

void add_options(CLI::App& command, TransferCommandOptions& options) {
  add_run_options(command, options.run);
  add_process_options(command, options.processes);
  command.get_option("--config")->required(false);
  add_path(command, "--weights", options.weights, "The backbone's weights: a file, or random");
  add_path(command, "--compare", options.compare, "Train the same head on each backbone of this list (JSON)")
      ->transform(find_config)
      ->excludes("--config")
      ->excludes("--dry-run")
      ->excludes("--no-train")
      ->excludes("--nproc");
}

}  // namespace svhn::cli
