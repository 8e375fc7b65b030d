#pragma once
/// Numbers as text for people.

#include <cstdint>
#include <span>
#include <string>

namespace svhn::core {

/// @returns the number with commas between groups of three digits: "1,234,567", "-1,000".
std::string with_thousands(std::int64_t number);

/// @returns the lengths of a shape's axes: "[2,3]"; a negative one is "any".
std::string shape_text(std::span<const std::int64_t> shape);

}  // namespace svhn::core
