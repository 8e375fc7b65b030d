#pragma once
/// The summary of a network, as a table and as JSON.

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "model/plan.h"

namespace svhn::model {

/// @returns a table like Keras' summary: type, output shape and parameters of each layer, then total,
/// trainable and non-trainable parameters; ends in a newline. A network with branches also tells what each
/// layer reads.
std::string summary_text(const Graph& graph, const std::string& model_name);

/// @returns {"parameters": {"total", "trainable", "non_trainable"}, "input": [C,H,W],
/// "layers": [{"name", "type", "output_shape", "parameters"}…]}; a layer that reads others than the one
/// before it has "inputs", too.
nlohmann::ordered_json summary_json(const Graph& graph);

}  // namespace svhn::model
