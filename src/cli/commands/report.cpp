#include "cli/commands/report.h"

#include "cli/command_line.h"

namespace svhn::cli {

void add_options(CLI::App& command, ReportCommandOptions& options) {
  add_path(command, "--runs", options.runs, "Folders to look for runs in")->required();
  add_path(command, "--output", options.output, "The page")->required();
  command.add_flag("--json", options.json, "One JSON document on stdout");
}

}  // namespace svhn::cli
