#pragma once
/// The page as built from src/report/page/web, with marks in place of its data, its title, its description
/// and the tags of its preview picture; title and description may stand several times.

#include <string_view>

namespace svhn::report {

inline constexpr std::string_view kDataMark = "{{DATA}}";
inline constexpr std::string_view kTitleMark = "{{TITLE}}";
inline constexpr std::string_view kDescriptionMark = "{{DESCRIPTION}}";
inline constexpr std::string_view kPreviewMark = "{{PREVIEW}}";

/// @returns the page; empty in a build without npm.
std::string_view page_template();

}  // namespace svhn::report
