#pragma once
/// Numbers as text for people.

#include <cstdint>
#include <string>

namespace svhn::core {

/// @returns the number with commas between groups of three digits: "1,234,567", "-1,000".
std::string with_thousands(std::int64_t number);

}  // namespace svhn::core
