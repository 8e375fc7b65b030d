#pragma once
/// Split statistics as JSON, for the prepared file and the model file.

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "core/error.h"
#include "data/prepared.h"

namespace svhn::data {

/// @returns {"min","max","grey_min","grey_max","mean":[3],"stddev":[3],"grey_mean","grey_stddev"}; its text
/// brings every double back exactly.
nlohmann::json statistics_to_json(const SplitStatistics& statistics);

/// @param source what messages call the document. @param code what a fault counts as.
/// @throws core::Error(code) naming the key when one is missing, unknown, no number, or makes no sense
/// (min above max, negative deviation).
SplitStatistics statistics_from_json(const nlohmann::json& json, const std::string& source,
                                     core::ExitCode code);

}  // namespace svhn::data
