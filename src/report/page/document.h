#pragma once
/// The parts of the JSON document that the page's script (web/page.js) shows.

#include <nlohmann/json.hpp>

#include "metric/comparison.h"
#include "metric/tuning.h"
#include "report/page/questions.h"
#include "report/page/runs.h"
#include "report/page/sprites.h"

namespace svhn::report {

/// @param id of the run within the page. @param sprites gets the images that the run shows.
nlohmann::ordered_json run_json(const RunRecord& run, std::size_t id, SpriteSheets& sprites);
nlohmann::ordered_json search_json(const metric::TuningResult& search);
/// @returns the sheets as JPEG files in base64.
nlohmann::ordered_json sheets_json(const SpriteSheets& sprites);
nlohmann::ordered_json questions_json(const std::vector<Question>& questions);

}  // namespace svhn::report
