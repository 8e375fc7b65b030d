#pragma once
/// A network's description as JSON, read and written through one description of its fields.

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

#include "core/error.h"
#include "core/fields.h"
#include "model/graph/spec.h"

namespace svhn::model {

/// Describes {"layers": [{"type": …, …}, …]} and fills in the names of layers that have none.
void describe_model(core::Fields& fields, ModelSpec& spec);

/// Describes a backbone alone: "name" (which network), "weights", "variant", "input", "trainable" …
void describe_backbone(core::Fields& fields, BackboneSpec& spec);

/// Reads {"layers": […]} from outside a config, e.g. a model file.
/// @param source what messages call the document. @param code what a fault counts as.
/// @throws core::Error(code) naming every fault by JSON pointer.
ModelSpec model_from_json(const nlohmann::json& document, const std::string& source, core::ExitCode code);

/// @returns {"layers": […]} with every key, names filled in; reading it gives the same network.
nlohmann::ordered_json model_to_json(const ModelSpec& spec);

/// Names every layer that has none by its type and its place among the layers of that type: the second dense
/// layer is `dense_2`, whatever the first is called.
void name_layers(ModelSpec& spec);

/// @returns whether a layer may be called so: 1 to 64 of A-Z a-z 0-9 _ -
bool is_layer_name(std::string_view name);

/// @returns the index of the first layer whose name an earlier one has, or the number of layers.
std::size_t first_repeated_name(const ModelSpec& spec);

/// @returns "flatten", "dense", "conv2d" …
std::string_view type_name(const LayerKind& kind);

/// @returns "linear", "relu", "selu" …
std::string_view activation_name(Activation activation);

}  // namespace svhn::model
