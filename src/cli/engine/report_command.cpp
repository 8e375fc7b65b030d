#include <spdlog/spdlog.h>

#include <memory>
#include <nlohmann/json.hpp>

#include "cli/commands/report.h"
#include "cli/console.h"
#include "cli/engine/progress.h"
#include "core/file.h"
#include "core/signals.h"
#include "report/page/page.h"
#include "report/page/pdf.h"

namespace svhn::cli {
namespace {

std::string result_text(const ReportCommandOptions& options, const report::PageResult& result) {
  const auto count = [](std::size_t n, const char* one, const char* many) {
    return n == 0 ? std::string() : ", " + std::to_string(n) + " " + (n == 1 ? one : many);
  };
  const std::string what = count(result.runs, "run", "runs") + count(result.searches, "search", "searches") +
                           count(result.comparisons, "comparison", "comparisons") +
                           count(result.pictures, "picture", "pictures");
  return "Report: " + options.output.string() + " (" + what.substr(2) + "; " +
         std::to_string((result.bytes + 1023) / 1024) + " KiB)\n";
}

/// Finds what printing needs, before anything is written.
std::unique_ptr<report::PagePrinter> make_printer(const ReportCommandOptions& options) {
  if (!options.pdf) return nullptr;
  core::refuse_stream(options.output);  // The browser reads the page from its file.
  auto printer = std::make_unique<report::PagePrinter>(*options.pdf);
  core::watch_stop_signals();
  return printer;
}

}  // namespace

int run_command(const ReportCommandOptions& options, const GlobalOptions& global) {
  const auto printer = make_printer(options);
  const auto result = with_progress(global, "report", [&](StageProgress& progress) {
    progress.tell("reading the runs");
    auto written = report::write_page({options.runs.begin(), options.runs.end()}, options.output);
    if (printer) {
      progress.tell("printing");
      printer->print(options.output);
    }
    return written;
  });
  for (const auto& problem : result.problems) spdlog::warn("warning: {}", problem);
  if (!options.json) {
    print_summary(global, result_text(options, result));
    if (options.pdf) print_summary(global, "PDF: " + options.pdf->string() + "\n");
    return 0;
  }
  print_json({{"output", options.output.string()},
              {"pdf", options.pdf ? nlohmann::ordered_json(options.pdf->string()) : nullptr},
              {"bytes", result.bytes},
              {"runs", result.runs},
              {"searches", result.searches},
              {"comparisons", result.comparisons},
              {"pictures", result.pictures},
              {"questions", result.questions},
              {"problems", result.problems}});
  return 0;
}

}  // namespace svhn::cli
