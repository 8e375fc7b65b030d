#pragma once
/// What is known of a model besides its file: its training, and its evaluations.

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "model/model_file.h"
#include "results/about.h"

namespace svhn::cli {

/// An evaluation of a model.
struct Evaluation {
  results::About about;
  double accuracy = 0.0;
  std::pair<double, double> interval;         ///< Of 95 %, around the accuracy.
  std::optional<double> calibration_error{};  ///< Expected one, 0..1.
};

/// @returns the evaluations of these weights in the run's folder, in the order of their folders' names.
/// @throws core::Error(data) when one of its files is damaged.
std::vector<Evaluation> evaluations_of(const model::ModelFile& model);

/// @returns the line of `history_text` about the training; "" where nothing is known.
std::string training_text(const model::ModelFile& model);

/// @returns lines about the training, of a checkpoint by its own state, of a model by the curves beside it,
/// and about each evaluation in its run folder that is of these weights; "" where nothing is known.
/// @throws core::Error when one of these files is damaged.
std::string history_text(const model::ModelFile& model);

/// Adds the same to a document, as "training" and "evaluations".
void add_history(const model::ModelFile& model, nlohmann::ordered_json& document);

}  // namespace svhn::cli
