#pragma once
/// Reads, writes and edits the JSON description of a network.

#include <cstddef>
#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/error.h"
#include "core/fields.h"
#include "model/graph/spec.h"

namespace svhn::model {

/// Describes the fields {"layers": [{"type": …, …}, …]} and names the layers that have no name.
void describe_model(core::Fields& fields, ModelSpec& spec);

/// Describes the fields of a backbone: "name" (which network), "weights", "variant", "input", "trainable" …
void describe_backbone(core::Fields& fields, BackboneSpec& spec);

/// Reads {"layers": […]} from a document other than a config, e.g. a model file.
/// @param source the document's name in messages. @param code the error's exit code.
/// @returns the network, its layers named.
/// @throws core::Error(code) naming every error by JSON pointer.
ModelSpec model_from_json(const nlohmann::json& document, const std::string& source, core::ExitCode code);

/// @returns {"layers": […]} with every key and every layer named; reading it gives the same network.
nlohmann::ordered_json model_to_json(const ModelSpec& spec);

/// Names every unnamed layer by its type and its index among the layers of that type: the second dense layer
/// is `dense_2`, whatever the first is called.
void name_layers(ModelSpec& spec);

/// @returns whether a layer name is valid: 1 to 64 characters of A-Z a-z 0-9 _ -
bool is_layer_name(std::string_view name);

/// @returns the index of the first layer that repeats an earlier layer's name, or the number of layers.
std::size_t first_repeated_name(const ModelSpec& spec);

/// @returns the indices of the layers that are backbones.
std::vector<std::size_t> backbone_layers(const ModelSpec& model);

/// Replaces a backbone; the layers after it stay as they are.
/// @param index of the layer to replace.
/// @param resize height and width in pixels to which a resize layer before it scales the images; unset: none.
/// @returns the changed model.
ModelSpec with_backbone(ModelSpec model, std::size_t index, const BackboneSpec& backbone,
                        std::optional<std::int64_t> resize);

}  // namespace svhn::model
