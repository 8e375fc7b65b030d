#pragma once
/// The keys and values of a config, for `--set a.b.c=value`.

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "cli/completion/completion.h"

namespace svhn::cli {

/// @param typed what stands in the word so far: "train.opt", "train.optimizer.type=".
/// @param schema the JSON Schema of configs.
/// @param document the config that is changed, whose lists tell how many elements there are; may be null.
/// @returns the keys at the place that has been typed, ending in "." where more keys follow and in "=" where
/// a value does; behind a "=" the values, if there are only so many.
Completion complete_setting(const std::string& typed, const nlohmann::ordered_json& schema,
                            const nlohmann::json& document);

}  // namespace svhn::cli
