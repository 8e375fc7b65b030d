#pragma once
/// The part of the page's JSON document that shows one result of a run.

#include <nlohmann/json.hpp>

#include "report/page/runs.h"
#include "report/page/sprites.h"

namespace svhn::report {

/// @param id of the result within `run.results`. @param sprites gets the images that it shows.
nlohmann::ordered_json result_json(const RunRecord& run, std::size_t id, SpriteSheets& sprites);

}  // namespace svhn::report
