#pragma once
/// What a prepared file holds, for `info` and `preprocess`.

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "data/prepared.h"

namespace svhn::cli {

/// @returns {"kind":"data","images":N,"splits":{…},"class_counts":[10],"source":…, …}.
nlohmann::ordered_json data_json(const data::PreparedData& data);
/// @returns the same for people.
std::string data_text(const data::PreparedData& data);

}  // namespace svhn::cli
