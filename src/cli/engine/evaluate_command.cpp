#include <spdlog/fmt/fmt.h>
#include <spdlog/spdlog.h>

#include <nlohmann/json.hpp>

#include "cli/commands/evaluate.h"
#include "cli/console.h"
#include "cli/engine/class_rules.h"
#include "cli/engine/distributed_context.h"
#include "cli/engine/evaluate_ensemble.h"
#include "cli/engine/kept_results.h"
#include "cli/engine/model_source.h"
#include "cli/engine/progress.h"
#include "cli/engine/rejection.h"
#include "cli/engine/robustness.h"
#include "cli/engine/setup.h"
#include "core/error.h"
#include "core/file.h"
#include "core/input_guard.h"
#include "core/json.h"
#include "core/words.h"
#include "data/preprocess.h"
#include "inference/evaluate.h"
#include "metric/classes.h"
#include "metric/tables.h"
#include "model/model_file.h"
#include "report/charts/evaluation.h"

namespace svhn::cli {
namespace {

namespace fs = std::filesystem;

/// What is told beside the numbers.
struct Circumstances {
  bool synthetic = false;
  data::ImageSides sides{};
  std::optional<ClassRuleFinding> finding{};
  std::optional<metric::Rejection> rejection{};  ///< For --reject.
  std::optional<fs::path> kept{};                ///< Where the run folder has the results.
  std::string fingerprint{};                     ///< See data::split_fingerprint.
  std::optional<metric::Robustness> robustness{};
  Jury jury{};
};

/// One image's prediction; they become text after the evaluation, which measures its speed.
struct Predicted {
  std::int64_t row;
  int label;
  metric::Prediction prediction;
};

std::string result_text(const metric::EvaluationResult& result, const Circumstances& about) {
  const std::string resized = resizing_text(about.sides);
  std::string all = fmt::format(
      "{} on the {} split{}: {}{}\n"
      "  accuracy   {:.4f}  (95% interval {:.4f} to {:.4f})\n"
      "{}"
      "  loss       {:.4f}\n"
      "  top-2      {:.4f}\n"
      "  top-3      {:.4f}\n"
      "  ECE        {:.4f}\n"
      "  Brier      {:.4f}\n"
      "  AURC       {:.4f}\n"
      "{}"
      "  speed      {:.0f} images/s\n"
      "  fingerprint {}\n\n",
      result.model, result.split, about.synthetic ? " (synthetic digits)" : "",
      core::counted(result.images, "image"), resized.empty() ? "" : ", " + resized, result.accuracy,
      result.accuracy_interval_95.low, result.accuracy_interval_95.high,
      about.jury.text + (about.finding ? "  note       " + finding_text(*about.finding) + "\n" : ""),
      result.loss, result.top_2_accuracy, result.top_3_accuracy, result.expected_calibration_error,
      result.brier_score, result.aurc, about.rejection ? rejection_text(*about.rejection) : "",
      result.images_per_second, about.fingerprint);
  all += "Confusion matrix (rows: true digit, columns: predicted)\n" +
         metric::format_confusion_matrix(result.confusion);
  all += "\n" + metric::format_per_class(result.per_class);
  if (!result.most_confused.empty()) all += "\nMost confused:";
  for (const auto& pair : result.most_confused) {
    all += "  " + std::to_string(metric::class_digit(pair.true_class)) + " as " +
           std::to_string(metric::class_digit(pair.predicted)) + " (" + std::to_string(pair.count) + ")";
  }
  return all + (result.most_confused.empty() ? "" : "\n");
}

std::string chart_title(const metric::EvaluationResult& result, bool synthetic) {
  return fmt::format("{} on the {} split{}: {}, accuracy {:.4f}", result.model, result.split,
                     synthetic ? " (synthetic digits)" : "", core::counted(result.images, "image"),
                     result.accuracy);
}

void draw_charts(const EvaluateCommandOptions& options, const metric::EvaluationResult& result,
                 bool synthetic) {
  const std::string title = chart_title(result, synthetic);
  const auto warn = [](const report::ChartResult& drawn, const char* rest) {
    if (drawn.status != report::ChartStatus::drawn) spdlog::warn("warning: {}; {}", drawn.message, rest);
  };
  if (options.confusion) {
    warn(report::write_confusion_chart(*options.confusion, result.confusion, title),
         "the counts are in the results");
  }
  if (options.reliability) {
    warn(report::write_reliability_chart(*options.reliability, result.reliability, title),
         "--predictions writes the probabilities");
  }
  if (options.coverage) {
    warn(report::write_coverage_chart(*options.coverage, result.coverage, options.reject, title),
         "the curve is in the results");
  }
}

nlohmann::ordered_json evaluation_document(const metric::EvaluationResult& result, bool synthetic,
                                           const std::string& fingerprint) {
  auto document = metric::evaluation_json(result);
  document["fingerprint"] = fingerprint;
  if (synthetic) document["synthetic"] = true;
  return document;
}

void show(const EvaluateCommandOptions& options, const metric::EvaluationResult& result,
          const Circumstances& about) {
  if (!options.json) {
    print_text(result_text(result, about) + (about.robustness ? robustness_text(*about.robustness) : "") +
               kept_text(about.kept));
    return;
  }
  auto document = evaluation_document(result, about.synthetic, about.fingerprint);
  add_resizing(document, about.sides);
  if (about.finding)
    document["class_rule"] = {{"accuracy", about.finding->accuracy}, {"advice", about.finding->advice}};
  if (about.rejection) document["reject"] = rejection_json(*about.rejection);
  if (about.robustness) document["robustness"] = metric::robustness_json(*about.robustness);
  if (!about.jury.json.is_null()) document.update(about.jury.json);
  print_json(document);
}

std::optional<metric::Rejection> rejection_of(const metric::EvaluationResult& result,
                                              const std::optional<double>& threshold) {
  if (!threshold) return std::nullopt;
  return metric::rejection_at(result.coverage, *threshold);
}

std::string precision_of(const GlobalOptions& global) {
  return global.precision == "bfloat16" ? "bfloat16" : "float32";
}

/// The results for the page of `svhn report`.
class ReportFiles {
 public:
  ReportFiles(const std::optional<fs::path>& folder, results::About about)
      : kept_(folder), about_(std::move(about)) {}

  [[nodiscard]] const std::optional<fs::path>& folder() const { return kept_.folder(); }
  [[nodiscard]] std::vector<fs::path> paths() const {
    std::vector<fs::path> all;
    for (const char* name : {kEvaluation, kPredictions, kRobustness, results::kAboutFile}) {
      if (folder()) all.push_back(*folder() / name);
    }
    return all;
  }
  void write(const metric::EvaluationResult& result, const inference::PredictionTable& table,
             const std::optional<metric::Robustness>& robustness) {
    kept_.keep([&](const fs::path& folder) {
      const auto document = evaluation_document(result, about_.data.synthetic, about_.split_fingerprint);
      core::write_text_file(folder / kEvaluation, core::json_text(document), core::ExitCode::data);
      table.write(folder / kPredictions);
      list_results(folder, about_, "evaluation", nlohmann::ordered_json::object());
      if (!robustness) return;
      const auto errors = robustness_document(result, *robustness, about_.data.synthetic);
      core::write_text_file(folder / kRobustness, core::json_text(errors), core::ExitCode::data);
      list_results(folder, about_, "robustness", robustness_options(*robustness));
    });
  }

 private:
  static constexpr const char* kEvaluation = "evaluation.json";
  static constexpr const char* kPredictions = "predictions.csv";
  static constexpr const char* kRobustness = "robustness.json";
  KeptResults kept_;
  results::About about_;
};

int evaluate_distributed(const EvaluateCommandOptions& options, const GlobalOptions& global,
                         DistributedContext& processes) {
  const model::ModelFile file(options.models.first());
  const data::Preprocessing preprocessing = inference::preprocessing_of(file);
  const Hardware hardware = set_up_hardware(global);
  network::Network network = inference::load_for_inference(file, hardware.device);
  const data::PreparedData data(data_file_of(options.data, options.models.first(), file));
  const data::Split split = split_from_name(options.split);
  const bool is_first = processes.rank() == 0;
  const auto about = results::describe(options.models.first(), file, data, split, precision_of(global));
  ReportFiles kept(is_first ? results_folder_of(options.models.first(), file, about) : std::nullopt, about);
  core::check_outputs(kept.paths());  // The data file may be the one that the model's run names.

  std::vector<Predicted> predicted;
  inference::EvaluateOptions how;
  how.batch_size = inference::batch_size_for(network.input_shape());
  how.group = processes.group(hardware.device);
  if (processes.several()) {
    auto terms = shared_terms(file, data, options.split);
    terms["--precision"] = global.precision;
    add_corruption_terms(options.corruptions, terms);
    processes.check_agreement(terms);
  }
  // Results must not depend on the machine, so bfloat16 is used only on request.
  if (about.precision == "bfloat16") how.precision = kernels::Precision::bfloat16;
  if (kept.folder() || (options.predictions && is_first)) {
    how.on_prediction = [&](std::int64_t row, int label, const metric::Prediction& p) {
      predicted.push_back({row, label, p});
    };
  }
  auto result = with_progress(global, "evaluation", [&](StageProgress& progress) {
    how.progress = [&progress](std::int64_t done, std::int64_t total) {
      progress.show(done, total);
      stop_if_asked("stopped; nothing was written");
    };
    return inference::evaluate(network, data, split, data::plan_for(preprocessing, data, split), how);
  });
  result.model = file.record().name;
  const Evaluated model{network, preprocessing, data, split};
  const auto robustness = measure_robustness(options.corruptions, model, how, result, global);
  if (!is_first) return 0;
  inference::PredictionTable table;
  for (const auto& [row, label, prediction] : predicted) table.add(row, label, prediction);
  if (options.predictions) table.write(*options.predictions);
  kept.write(result, table, robustness);
  draw_charts(options, result, data.synthetic());
  draw_corruptions(options.corruptions, robustness, model, chart_title(result, data.synthetic()));
  show(options, result,
       {data.synthetic(), preprocessing.sides, find_class_rule(result, file.record(), data),
        rejection_of(result, options.reject), kept.folder(), about.split_fingerprint, robustness});
  return 0;
}

int evaluate_jointly(const EvaluateCommandOptions& options, const GlobalOptions& global,
                     DistributedContext& processes) {
  const auto all = evaluate_ensemble(options, global, processes);
  if (!all) return 0;
  if (options.predictions) all->table.write(*options.predictions);
  draw_charts(options, all->result, all->synthetic);
  Circumstances about{.synthetic = all->synthetic, .sides = all->sides};
  about.rejection = rejection_of(all->result, options.reject);
  about.fingerprint = all->fingerprint;
  about.jury = all->jury;
  show(options, all->result, about);
  return 0;
}

}  // namespace

int run_command(const EvaluateCommandOptions& options, const GlobalOptions& global) {
  check_rejection(options.reject);
  for (const auto& chart : {options.confusion, options.reliability, options.coverage}) {
    if (chart) report::chart_format(*chart);
  }
  check_corruptions(options.corruptions);
  return run_distributed(options.processes, global,
                         [&](DistributedContext& processes, const GlobalOptions& own) {
                           return is_joint(options) ? evaluate_jointly(options, own, processes)
                                                    : evaluate_distributed(options, own, processes);
                         });
}

}  // namespace svhn::cli
