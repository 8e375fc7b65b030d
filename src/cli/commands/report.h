#pragma once
/// `svhn report`: one HTML page of run folders.

#include <optional>
#include <vector>

#include "cli/command.h"

namespace svhn::cli {

struct ReportCommandOptions {
  static constexpr CommandInfo kCommand{
      .name = "report",
      .description = "Write an HTML report of runs, searches and comparisons",
      .example = "svhn report --runs models --output report.html",
      .details =
          "Writes one HTML page that needs no network: the curves, scores, confusion matrices and pictures "
          "of all runs, searches and comparisons in the folders."};

  std::vector<InputPath> runs;
  OutputText output = OutputText::of("report.html");
  std::optional<OutputFile> pdf;
  bool with_model = false;  ///< The model of the run on which the page opens answers in the page.
  bool figures = false;
  bool json = false;
};

void add_options(CLI::App& command, ReportCommandOptions& options);
int run_command(const ReportCommandOptions& options, const GlobalOptions& global);

}  // namespace svhn::cli
