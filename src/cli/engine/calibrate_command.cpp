#include <spdlog/fmt/fmt.h>

#include <array>
#include <nlohmann/json.hpp>
#include <vector>

#include "cli/commands/calibrate.h"
#include "cli/console.h"
#include "cli/engine/model_source.h"
#include "cli/engine/progress.h"
#include "cli/engine/setup.h"
#include "core/error.h"
#include "core/input_guard.h"
#include "core/json.h"
#include "core/words.h"
#include "data/preprocess.h"
#include "inference/session.h"
#include "metric/evaluation.h"
#include "metric/temperature.h"
#include "model/model_file.h"

namespace svhn::cli {
namespace {

constexpr std::size_t kLongestPath = 4096;

using core::Error;
using core::ExitCode;
using nlohmann::ordered_json;

/// The logits of a split, not divided by any temperature.
struct Outputs {
  data::Split split = data::Split::val;
  std::vector<float> logits;  ///< [N,10]
  std::vector<int> labels;    ///< Class indices.
};

/// The scores of a split at the old and at the new temperature.
struct Change {
  metric::EvaluationResult before;
  metric::EvaluationResult after;
};

class Runner {
 public:
  Runner(const model::ModelFile& file, const data::PreparedData& data, const GlobalOptions& global)
      : data_(data),
        global_(global),
        preprocessing_(inference::preprocessing_of(file)),
        network_(inference::load_for_inference(file, set_up_hardware(global).device)) {
    network_.set_temperature(1.0);
  }

  /// @throws core::Error(numeric) for logits that are not finite.
  Outputs run(data::Split split) {
    Outputs outputs{split, {}, {}};
    const auto rows = data_.indices(split);
    for (const std::int64_t row : rows) {
      outputs.labels.push_back(data_.labels()[static_cast<std::size_t>(row)]);
    }
    const auto plan = data::plan_for(preprocessing_, data_, split);
    inference::Session session(network_, {.batch_size = inference::batch_size_for(network_.input_shape())});
    with_progress(global_, "calibration", [&](StageProgress& progress) {
      const auto take = [&outputs](std::size_t, const torch::Tensor& logits) {
        const auto* values = static_cast<const float*>(logits.data_ptr());
        outputs.logits.insert(outputs.logits.end(), values, values + logits.numel());
      };
      session.run(data_, data::PixelSource(data_, plan), rows, take,
                  [&](std::int64_t done, std::int64_t total) {
                    progress.show(done, total);
                    stop_if_asked("stopped; nothing was written");
                  });
    });
    return outputs;
  }

 private:
  const data::PreparedData& data_;
  const GlobalOptions& global_;
  data::Preprocessing preprocessing_;
  network::Network network_;
};

metric::EvaluationResult scores(const Outputs& outputs, double temperature) {
  metric::EvaluationMeter meter;
  for (std::size_t i = 0; i < outputs.labels.size(); ++i) {
    std::array<float, metric::kClasses> logits{};
    for (std::size_t k = 0; k < logits.size(); ++k) {
      logits[k] = outputs.logits[i * metric::kClasses + k] / static_cast<float>(temperature);
    }
    meter.add_logits(outputs.labels[i], logits);
  }
  return meter.value();
}

/// @throws core::Error(data) where no temperature fits.
double fit(const Outputs& outputs) {
  const double temperature = metric::fit_temperature(outputs.logits, outputs.labels, model::kLeastTemperature,
                                                     model::kMostTemperature);
  const std::string split = data::split_name(outputs.split);
  if (temperature <= model::kLeastTemperature) {
    throw Error(ExitCode::data,
                "every image of the " + split + " split is read right, so that no temperature fits",
                "calibrate on more images, which the training has not learnt from");
  }
  if (temperature >= model::kMostTemperature) {
    throw Error(ExitCode::data, "on the " + split + " split the model is no better than chance",
                "name the data of its training, or train it longer");
  }
  return temperature;
}

/// @returns the file to write.
std::filesystem::path target_of(const CalibrateOptions& options) {
  if (options.output) return *options.output;
  return options.model;
}

void write_model(const CalibrateOptions& options, const model::ModelFile& model, double temperature) {
  const std::filesystem::path path = target_of(options);
  if (!options.output) core::allow_replacing(path);
  std::vector<formats::TensorToWrite> tensors;
  for (const auto& info : model.file().tensors()) {
    tensors.push_back({info.name, info.dtype, info.shape, model.file().bytes(info)});
  }
  model::ModelRecord record = model.record();
  record.temperature = temperature;
  formats::write_safetensors(path, tensors, model::record_metadata(record, "model"), ExitCode::model);
}

ordered_json scores_json(const metric::EvaluationResult& result) {
  return {{"images", result.images},
          {"accuracy", result.accuracy},
          {"nll", result.loss},
          {"ece", result.expected_calibration_error},
          {"brier_score", result.brier_score}};
}

std::string change_text(const std::string& split, const Change& change) {
  const auto& [before, after] = change;
  return fmt::format(
      "\n{} split, {}, accuracy {:.4f}\n"
      "                             before   after\n"
      "  negative log likelihood    {:.4f}   {:.4f}\n"
      "  calibration error (ECE)    {:.4f}   {:.4f}\n"
      "  Brier score                {:.4f}   {:.4f}\n",
      split, core::counted(before.images, "image"), before.accuracy, before.loss, after.loss,
      before.expected_calibration_error, after.expected_calibration_error, before.brier_score,
      after.brier_score);
}

/// @throws core::Error(model) for a checkpoint.
void refuse_checkpoint(const CalibrateOptions& options, const model::ModelFile& model) {
  if (!model.is_checkpoint()) return;
  throw Error(ExitCode::model,
              "'" + options.model.string() + "' is a checkpoint, which training goes on from",
              "calibrate the run's model, NAME.safetensors or NAME.best.safetensors");
}

/// @returns the outputs on the split of the fit and, where it is another one, on the test split.
std::vector<Outputs> run_splits(Runner& runner, const data::PreparedData& data, data::Split fitted_on) {
  if (data.indices(fitted_on).empty()) {
    throw Error(ExitCode::data,
                "'" + data.path().string() + "': the " + data::split_name(fitted_on) + " split is empty",
                "choose another --split, or prepare the data with other fractions");
  }
  std::vector<Outputs> outputs{runner.run(fitted_on)};
  const bool test_too = fitted_on != data::Split::test && !data.indices(data::Split::test).empty();
  if (test_too) outputs.push_back(runner.run(data::Split::test));
  return outputs;
}

}  // namespace

int run_command(const CalibrateOptions& options, const GlobalOptions& global) {
  const model::ModelFile model(options.model);
  refuse_checkpoint(options, model);
  model.file().verify();
  const data::PreparedData data(data_file_of(options.data, options.model, model));
  Runner runner(model, data, global);
  const auto outputs = run_splits(runner, data, split_from_name(options.split));
  const double temperature = fit(outputs.front());
  const std::string name = model.record().name, path = target_of(options).string();
  ordered_json document{
      {"model", name}, {"output", path}, {"temperature", temperature}, {"split", options.split}};
  std::string text = fmt::format("{}: temperature {:.4f}, fitted on the {} split{}\n", core::printable(name),
                                 temperature, options.split, data.synthetic() ? " (synthetic digits)" : "");
  for (const Outputs& one : outputs) {
    const Change change{scores(one, model.record().temperature), scores(one, temperature)};
    const std::string split = data::split_name(one.split);
    document["before"][split] = scores_json(change.before);
    document["after"][split] = scores_json(change.after);
    text += change_text(split, change);
  }
  write_model(options, model, temperature);
  if (options.json) {
    print_json(document);
  } else {
    print_summary(global, text + "\nModel: " + core::printable(path, kLongestPath) + "\n");
  }
  return 0;
}

}  // namespace svhn::cli
