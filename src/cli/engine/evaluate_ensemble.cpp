#include "cli/engine/evaluate_ensemble.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>

#include "cli/engine/ensemble.h"
#include "cli/engine/model_source.h"
#include "cli/engine/progress.h"
#include "core/error.h"

namespace svhn::cli {
namespace {

bool are_equal(const std::vector<std::string>& prints) {
  return std::all_of(prints.begin(), prints.end(), [&](const auto& one) { return one == prints.front(); });
}

/// @param prints the fingerprint of each model's images.
Jury jury_of(const EvaluateCommandOptions& options, const ModelFiles& models,
             const std::vector<std::string>& prints, double viewed) {
  Jury jury{models_text(options.models), {}};
  if (options.models.several()) jury.json["models"] = models.json();
  for (std::size_t i = 0; options.models.several() && i < prints.size(); ++i) {
    jury.json["models"][i]["fingerprint"] = prints[i];
  }
  if (!are_equal(prints)) jury.json["fingerprint"] = nullptr;
  jury.json["average"] = options.models.average;
  if (options.views.count == 1) return jury;
  jury.json["views"] = options.views.count;
  if (options.views.below) jury.json["views_below"] = *options.views.below;
  jury.json["viewed"] = viewed;
  jury.text += fmt::format("  views      {} of {}\n", options.views.count,
                           options.views.below ? fmt::format("{:.1f} % of the images, those below {}",
                                                             1e2 * viewed, *options.views.below)
                                               : "each image");
  return jury;
}

nlohmann::ordered_json terms_of(const EvaluateCommandOptions& options, const GlobalOptions& global,
                                const ModelFiles& models, const data::PreparedData& data) {
  auto terms = shared_terms(models.first(), data, options.split);
  terms["--precision"] = global.precision;
  terms["models"] = models.digest();
  terms["--views"] = options.views.count;
  terms["--views-below"] = options.views.below.value_or(1.0);
  return terms;
}

void refuse_corruptions(const EvaluateCommandOptions& options) {
  if (options.corruptions.names.empty()) return;
  throw core::Error(core::ExitCode::usage, "--corrupt measures one model in one view of each image",
                    "leave out --views, and name one --model");
}

}  // namespace

bool is_joint(const EvaluateCommandOptions& options) {
  return options.models.several() || options.views.count > 1;
}

std::optional<EnsembleEvaluation> evaluate_ensemble(const EvaluateCommandOptions& options,
                                                    const GlobalOptions& global,
                                                    DistributedContext& processes) {
  refuse_corruptions(options);
  const ModelFiles models(options.models);
  models.check_same_data();
  const Hardware hardware = set_up_hardware(global);
  inference::Ensemble ensemble = models.load(options.views, global, hardware);
  const data::PreparedData data(data_file_of(options.data, options.models.first(), models.first()));
  EnsembleEvaluation all;
  inference::EvaluateOptions how;
  how.group = processes.group(hardware.device);
  processes.check_agreement(terms_of(options, global, models, data));
  if (options.predictions && processes.rank() == 0) {
    how.on_prediction = [&](std::int64_t row, int label, const metric::Prediction& prediction) {
      all.table.add(row, label, prediction);
    };
  }
  const auto evaluation = with_progress(global, "evaluation", [&](StageProgress& progress) {
    how.progress = [&progress](std::int64_t done, std::int64_t total) {
      progress.show(done, total);
      stop_if_asked("stopped; nothing was written");
    };
    return ensemble.evaluate(data, split_from_name(options.split), how);
  });
  if (processes.rank() != 0) return std::nullopt;
  all.result = evaluation.result;
  all.result.model = models.name();
  all.synthetic = data.synthetic();
  all.sides = models.sides();
  const auto prints = models.fingerprints(data, split_from_name(options.split));
  all.fingerprint = are_equal(prints) ? prints.front() : "differs between the models";
  all.jury = jury_of(options, models, prints,
                     static_cast<double>(evaluation.viewed) / static_cast<double>(all.result.images));
  return all;
}

}  // namespace svhn::cli
