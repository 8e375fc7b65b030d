#pragma once
/// What was read, as the document that src/report/page/page.js shows.

#include <nlohmann/json.hpp>

#include "metric/comparison.h"
#include "metric/tuning.h"
#include "report/page/questions.h"
#include "report/page/runs.h"
#include "report/page/sprites.h"

namespace svhn::report {

/// @param id of the run within the page. @param sprites gets the pictures that the run shows.
nlohmann::ordered_json run_json(const RunRecord& run, std::size_t id, SpriteSheets& sprites);
nlohmann::ordered_json search_json(const metric::TuningResult& search);
nlohmann::ordered_json questions_json(const std::vector<Question>& questions);

}  // namespace svhn::report
