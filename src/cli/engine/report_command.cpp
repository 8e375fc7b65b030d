#include <spdlog/spdlog.h>

#include <memory>
#include <nlohmann/json.hpp>

#include "cli/commands/predict.h"
#include "cli/commands/report.h"
#include "cli/console.h"
#include "cli/engine/exported_model.h"
#include "cli/engine/progress.h"
#include "core/file.h"
#include "core/signals.h"
#include "metric/tables.h"
#include "report/page/page.h"
#include "report/page/pdf.h"

namespace svhn::cli {
namespace {

std::string kibibytes(std::size_t bytes) {
  return std::to_string((bytes + 1023) / 1024) + " KiB";
}

std::string result_text(const ReportCommandOptions& options, const report::PageResult& result) {
  const auto count = [](std::size_t n, const char* one, const char* many) {
    return n == 0 ? std::string() : ", " + std::to_string(n) + " " + (n == 1 ? one : many);
  };
  const std::string what = count(result.runs, "run", "runs") + count(result.searches, "search", "searches") +
                           count(result.comparisons, "comparison", "comparisons") +
                           count(result.pictures, "picture", "pictures");
  return "Report: " + options.output.string() + " (" + what.substr(2) + "; " + kibibytes(result.bytes) +
         ")\n";
}

std::string model_text(const report::ModelOnPage& model) {
  return "Try it: " + model.file.string() + " answers in the page (" + kibibytes(model.bytes) +
         " as ONNX, onnxruntime-web " + kibibytes(model.runtime_bytes) + ")\n";
}

/// @returns a question's figures beside the assignment's; a heading says whether they compare.
std::string figures_text(const report::Question& question) {
  metric::TextRows rows{{"", "figure", "published", "here", "of"}};
  for (const report::Figure& figure : question.figures)
    rows.push_back({"", figure.name, figure.theirs, figure.ours, figure.of});
  std::string text = "\n" + question.title + "\n";
  if (question.run.empty()) {
    text += "  no run yet: " + question.command + "\n";
  } else if (!question.comparable) {
    text += "  not comparable with the published figures: " + question.circumstances + "\n";
  }
  return text + metric::aligned_table(rows, {false, false, true, true, false});
}

/// @returns all figures; null where one was not published or not measured.
nlohmann::ordered_json figures_json(const std::vector<report::Question>& questions) {
  const auto known = [](const std::string& value) {
    return value == "-" || value.empty() ? nlohmann::ordered_json(nullptr) : nlohmann::ordered_json(value);
  };
  nlohmann::ordered_json list = nlohmann::ordered_json::array();
  for (const report::Question& question : questions) {
    for (const report::Figure& figure : question.figures) {
      list.push_back({{"question", question.id},
                      {"name", figure.name},
                      {"theirs", known(figure.theirs)},
                      {"ours", known(figure.ours)},
                      {"of", known(figure.of)},
                      {"comparable", question.comparable}});
    }
  }
  return list;
}

/// Finds what printing needs, before anything is written.
std::unique_ptr<report::PagePrinter> make_printer(const ReportCommandOptions& options) {
  if (!options.pdf) return nullptr;
  core::refuse_stream(options.output);  // The browser reads the page from its file.
  auto printer = std::make_unique<report::PagePrinter>(*options.pdf);
  core::watch_stop_signals();
  return printer;
}

report::PanelOptions panel_options(const ReportCommandOptions& options) {
  if (!options.with_model) return {};
  return {exported_bytes, kDoubtedBelow};
}

nlohmann::ordered_json model_json(const std::optional<report::ModelOnPage>& model) {
  if (!model) return nullptr;
  return {{"file", model->file.string()}, {"bytes", model->bytes}, {"runtime_bytes", model->runtime_bytes}};
}

}  // namespace

int run_command(const ReportCommandOptions& options, const GlobalOptions& global) {
  const auto printer = make_printer(options);
  const auto result = with_progress(global, "report", [&](StageProgress& progress) {
    progress.tell("reading the runs");
    auto written = report::write_page({options.runs.begin(), options.runs.end()}, options.output,
                                      panel_options(options));
    if (printer) {
      progress.tell("printing");
      printer->print(options.output);
    }
    return written;
  });
  for (const auto& problem : result.problems) spdlog::warn("warning: {}", problem);
  if (!options.json) {
    print_summary(global, result_text(options, result));
    if (result.model) print_summary(global, model_text(*result.model));
    if (options.pdf) print_summary(global, "PDF: " + options.pdf->string() + "\n");
    if (options.figures) {
      for (const auto& question : result.answers) print_summary(global, figures_text(question));
    }
    return 0;
  }
  print_json({{"output", options.output.string()},
              {"pdf", options.pdf ? nlohmann::ordered_json(options.pdf->string()) : nullptr},
              {"bytes", result.bytes},
              {"model", model_json(result.model)},
              {"runs", result.runs},
              {"searches", result.searches},
              {"comparisons", result.comparisons},
              {"pictures", result.pictures},
              {"questions", result.questions},
              {"figures", figures_json(result.answers)},
              {"problems", result.problems}});
  return 0;
}

}  // namespace svhn::cli
