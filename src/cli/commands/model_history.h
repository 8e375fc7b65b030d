#pragma once
/// What is known of a model besides its file: its training, and its evaluations.

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "model/model_file.h"

namespace svhn::cli {

/// @returns lines about the training, of a checkpoint by its own state, of a model by the curves beside it,
/// and about each evaluation in its run folder that is of these weights; "" where nothing is known.
/// @throws core::Error when one of these files is damaged.
std::string history_text(const model::ModelFile& model);

/// Adds the same to a document, as "training" and "evaluations".
void add_history(const model::ModelFile& model, nlohmann::ordered_json& document);

}  // namespace svhn::cli
