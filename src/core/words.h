#pragma once
/// Numbers in sentences.

#include <cstdint>
#include <string>

namespace svhn::core {

/// @returns a number with what it counts: "1 epoch", "1,200 epochs". @param one the thing, whose plural ends
/// in s.
std::string counted(std::int64_t number, const std::string& one);

/// @returns a time in the unit in which one would say it: "0.4 s", "42 s", "35 min", "2.5 h".
/// @param seconds negative ones and NaN count as 0.
std::string duration_text(double seconds);

}  // namespace svhn::core
