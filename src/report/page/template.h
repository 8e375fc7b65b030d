#pragma once
/// The page as built from src/report/page, with the place for its data still open.

#include <string_view>

namespace svhn::report {

inline constexpr std::string_view kDataMark = "{{DATA}}";

/// @returns the page; empty in a build without npm.
std::string_view page_template();

}  // namespace svhn::report
