#pragma once
/// A model card: what a model is and what is known of it, as Markdown with the YAML block that model hubs
/// read.

#include <string>

#include "model/model_file.h"

namespace svhn::cli {

/// @returns the card, from the model file, its run's summary.json and curves and the evaluations of these
/// weights. What none of them tells is left out or said to be unknown.
/// @throws core::Error when one of these files is damaged.
/// @see https://huggingface.co/docs/hub/model-cards
std::string model_card(const model::ModelFile& model);

}  // namespace svhn::cli
