#pragma once
/// Lines of comma-separated values. @see RFC 4180

#include <string>
#include <vector>

namespace svhn::metric {

/// @returns the fields as one line with its end (CR LF); those with commas, quotes or line ends are quoted.
std::string csv_line(const std::vector<std::string>& fields);

}  // namespace svhn::metric
