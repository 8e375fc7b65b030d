#pragma once
/// The summary of a planned network, as a table and as JSON.

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "model/plan.h"

namespace svhn::model {

/// @returns a table like Keras' summary: type, output shape and parameters of each layer, then total,
/// trainable and non-trainable parameters; ends in a newline.
std::string summary_text(const NetworkPlan& plan, const std::string& model_name);

/// @returns {"parameters": {"total", "trainable", "non_trainable"}, "input": [C,H,W],
/// "layers": [{"name", "type", "output_shape", "parameters"}…]}.
nlohmann::ordered_json summary_json(const NetworkPlan& plan);

}  // namespace svhn::model
