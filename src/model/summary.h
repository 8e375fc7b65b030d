#pragma once
/// What a planned network looks like: a table for people and a document for programs.

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "model/plan.h"

namespace svhn::model {

/// @returns a table like Keras' summary: each layer with its type, output shape and parameters, then total,
/// trainable and non-trainable; ends in a newline.
std::string summary_text(const NetworkPlan& plan, const std::string& model_name);

/// @returns {"parameters": {"total", "trainable", "non_trainable"}, "input": [C,H,W],
/// "layers": [{"name", "type", "output_shape", "parameters"}…]}.
nlohmann::ordered_json summary_json(const NetworkPlan& plan);

/// @returns 1234567 as "1,234,567".
std::string with_thousands(std::int64_t number);

}  // namespace svhn::model
