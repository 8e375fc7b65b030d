#include <spdlog/spdlog.h>

#include <array>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "svhn/cli/commands.h"
#include "svhn/cli/console.h"
#include "svhn/cli/engine_setup.h"
#include "svhn/config/run_config.h"
#include "svhn/core/error.h"
#include "svhn/core/file.h"
#include "svhn/data/preprocess.h"
#include "svhn/evaluate/evaluate.h"
#include "svhn/metric/classes.h"
#include "svhn/metric/tables.h"
#include "svhn/model/model_file.h"
#include "svhn/model/weights.h"
#include "svhn/report/confusion.h"

namespace svhn::cli {
namespace {

namespace fs = std::filesystem;
using core::ExitCode;

/// The data of the run that made the model: config.resolved.json in NAME beside it (for a checkpoint, in the
/// folder above its own), else the usual place.
fs::path data_file(const EvaluateCommandOptions& options, const model::ModelFile& file) {
  if (options.data) return *options.data;
  const fs::path folder = options.model.parent_path();
  const fs::path run = file.is_checkpoint() ? folder / ".." : folder / file.record().name;
  const fs::path config = run / "config.resolved.json";
  std::error_code error;
  if (!fs::exists(config, error)) return "data/svhn.safetensors";
  return config::load_run_config(config, {}).data.file;
}

data::Split split_of(const std::string& name) {
  if (name == "train") return data::Split::train;
  return name == "val" ? data::Split::val : data::Split::test;
}

/// Lines of the predictions file: digits, probabilities from digit 0 to digit 9.
class PredictionTable {
 public:
  void add(std::int64_t row, int true_class, const metric::Prediction& prediction) {
    text_ += std::to_string(row) + "," + std::to_string(metric::class_digit(true_class)) + "," +
             std::to_string(metric::class_digit(prediction.predicted));
    for (int digit = 0; digit < metric::kClasses; ++digit) {
      std::array<char, 32> number{};
      const auto slot = static_cast<std::size_t>(data::class_of_digit(digit));
      std::snprintf(number.data(), number.size(), ",%.9g", prediction.probabilities[slot]);
      text_ += number.data();
    }
    text_ += "\n";
  }
  void write(const fs::path& path) const { core::write_text_file(path, text_, ExitCode::data); }

 private:
  std::string text_ = "row,true,predicted,p0,p1,p2,p3,p4,p5,p6,p7,p8,p9\n";
};

std::string result_text(const metric::EvaluationResult& result, bool synthetic) {
  std::array<char, 512> text{};
  std::snprintf(text.data(), text.size(),
                "%s on the %s split%s: %lld images\n"
                "  accuracy   %.4f  (95%% interval %.4f to %.4f)\n"
                "  loss       %.4f\n"
                "  top-2      %.4f\n"
                "  top-3      %.4f\n"
                "  ECE        %.4f\n"
                "  speed      %.0f images/s\n\n",
                result.model.c_str(), result.split.c_str(), synthetic ? " (synthetic digits)" : "",
                static_cast<long long>(result.images), result.accuracy, result.accuracy_interval_95.low,
                result.accuracy_interval_95.high, result.loss, result.top_2_accuracy, result.top_3_accuracy,
                result.expected_calibration_error, result.images_per_second);
  std::string all = text.data();
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

void draw_confusion(const fs::path& path, const metric::EvaluationResult& result, bool synthetic) {
  std::array<char, 96> text{};
  std::snprintf(text.data(), text.size(), " split%s: %lld images, accuracy %.4f",
                synthetic ? " (synthetic digits)" : "", static_cast<long long>(result.images),
                result.accuracy);
  const std::string title = result.model + " on the " + result.split + text.data();
  const auto drawn = report::write_confusion_chart(path, result.confusion, title);
  if (drawn.status != report::ChartStatus::drawn) {
    spdlog::warn("warning: {}; the counts are in the results", drawn.message);
  }
}

}  // namespace

int run_evaluate(const EvaluateCommandOptions& options, const GlobalOptions& global) {
  if (options.confusion) report::chart_format(*options.confusion);
  const model::ModelFile file(options.model);
  const Hardware hardware = set_up_hardware(global);
  model::Network network = model::load_network(file);
  network.to(hardware.device);
  const data::PreparedData data(data_file(options, file));
  const auto preprocessing =
      data::preprocessing_from_json(file.record().preprocessing, options.model.string(), ExitCode::model);
  const data::Split split = split_of(options.split);

  PredictionTable table;
  evaluate::EvaluateOptions how;
  // Results should not depend on the machine, so only an explicit wish leaves float32.
  if (global.precision == "bfloat16") how.precision = compute::Precision::bfloat16;
  if (options.predictions) {
    how.on_prediction = [&](std::int64_t row, int label, const metric::Prediction& p) {
      table.add(row, label, p);
    };
  }
  auto result = evaluate::evaluate(network, data, split, data::plan_for(preprocessing, data, split), how);
  result.model = file.record().name;
  if (options.predictions) table.write(*options.predictions);
  if (options.confusion) draw_confusion(*options.confusion, result, data.synthetic());

  if (!options.json) {
    print_text(result_text(result, data.synthetic()));
    return 0;
  }
  auto document = metric::evaluation_json(result);
  if (data.synthetic()) document["synthetic"] = true;
  print_json(document);
  return 0;
}

}  // namespace svhn::cli
