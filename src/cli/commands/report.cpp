#include "cli/commands/report.h"

#include "cli/command_line.h"

namespace svhn::cli {

void add_options(CLI::App& command, ReportCommandOptions& options) {
  add_path(command, "--runs", options.runs, "Folders to look for runs in")
      ->check(hint(HintKind::folders))
      ->required();
  add_path(command, "--output", options.output, "The page (HTML)")->capture_default_str();
  add_path(command, "--pdf", options.pdf, "The page as a PDF, too; needs Chromium");
  command.add_flag(
      "--with-model", options.with_model,
      "Let the model of the run on which the page opens answer pictures in the page, without a server");
  command.add_flag("--figures", options.figures,
                   "Also print the assignment's figures beside the measured ones");
  command.add_flag("--json", options.json, "One JSON document on stdout");
}

}  // namespace svhn::cli
