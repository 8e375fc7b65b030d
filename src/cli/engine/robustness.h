#pragma once
/// `svhn evaluate --corrupt`: the errors of a model on corrupted images.

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>

#include "cli/commands/evaluate.h"
#include "inference/evaluate.h"
#include "metric/robustness.h"
#include "model/model_file.h"

namespace svhn::cli {

/// What is evaluated.
struct Evaluated {
  network::Network& network;
  const data::Preprocessing& preprocessing;
  const data::PreparedData& data;
  data::Split split;
};

/// @throws core::Error(config) for names and severities that there are not; core::Error(usage) for a chart
/// that is neither PNG nor SVG.
void check_corruptions(const CorruptionOptions& options);

/// Adds what processes that evaluate together must agree on.
void add_corruption_terms(const CorruptionOptions& options, nlohmann::ordered_json& terms);

/// Evaluates the model, and the baseline if there is one, on each corruption and severity. All processes of a
/// group call it together.
/// @param how of the clean evaluation. @param clean its result.
/// @returns nothing unless corruptions were asked for.
std::optional<metric::Robustness> measure_robustness(const CorruptionOptions& options, const Evaluated& model,
                                                     const inference::EvaluateOptions& how,
                                                     const metric::EvaluationResult& clean,
                                                     const GlobalOptions& global);

/// @returns the results for the terminal.
std::string robustness_text(const metric::Robustness& result);
/// @returns the document of the run folder.
nlohmann::ordered_json robustness_document(const metric::EvaluationResult& clean,
                                           const metric::Robustness& result, bool synthetic);
/// @returns what describes the results in about.json.
nlohmann::ordered_json robustness_options(const metric::Robustness& result);

/// Draws the chart and the preview that were asked for. @param title of the chart.
void draw_corruptions(const CorruptionOptions& options, const std::optional<metric::Robustness>& result,
                      const Evaluated& model, const std::string& title);

}  // namespace svhn::cli
