#pragma once
/// The picture that stands for a page where a link to it is shown.

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "report/page/sprites.h"

namespace svhn::report {

/// Draws the run on which the page opens: accuracy with its interval, of what it is, digits and mistakes.
/// @param document of the page, whose sprites are those of `sprites`.
/// @returns a PNG of 1200 x 630 pixels; empty when that run has no accuracy.
std::string preview_png(const nlohmann::ordered_json& document, const SpriteSheets& sprites);

}  // namespace svhn::report
