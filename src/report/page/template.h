#pragma once
/// The page as built from src/report/page/web, with `kDataMark` in place of its data.

#include <string_view>

namespace svhn::report {

inline constexpr std::string_view kDataMark = "{{DATA}}";

/// @returns the page; empty in a build without npm.
std::string_view page_template();

}  // namespace svhn::report
