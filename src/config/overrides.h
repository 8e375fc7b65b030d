#pragma once
/// Values from the command line that replace values of a document: `train.epochs=3`,
/// `model.layers.1.units=64`.

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

#include "core/fields_json.h"

namespace svhn::config {

/// Applies `path=value` to a raw document before it is read, so the reader refuses an unknown path as it
/// refuses an unknown key.
/// @param assignment dots separate the parts of the path; a number is the index of a list element; objects
/// that are missing or null are created. The value is JSON; text that is no JSON is a string.
/// @param source name of the document in messages.
/// @param problems gets the pointer of the value, so that problems there name the override.
/// @throws core::Error(usage) when it is no assignment; core::Error(config) when the path leads through a
/// value that is neither an object nor a list, or to a missing list element.
void apply_override(nlohmann::json& document, std::string_view assignment, const std::string& source,
                    core::Problems& problems);

}  // namespace svhn::config
