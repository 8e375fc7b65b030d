#pragma once
/// Values given on the command line in place of a document's: `train.epochs=3`, `model.layers.1.units=64`.

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

#include "core/fields_json.h"

namespace svhn::config {

/// Applies `path=value` to a raw document, before anything reads it: so a path that does not exist is refused
/// by the reader like a key of the file.
/// @param assignment dots separate the path's parts; a number picks an element of a list; objects on the way
/// are made where they are missing or null. The value is JSON, or else taken as a text.
/// @param source what messages call the document.
/// @param problems told where the value went, so that a complaint about it names the override.
/// @throws core::Error(usage) when it is no assignment; core::Error(config) when the path leads through a
/// value that is neither an object nor a list, or to an element that a list does not have.
void apply_override(nlohmann::json& document, std::string_view assignment, const std::string& source,
                    core::Problems& problems);

}  // namespace svhn::config
