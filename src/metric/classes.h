#pragma once
/// The ten classes of the digits: class index i is digit (i + 1) % 10.

#include <array>
#include <cstddef>
#include <string>

#include "core/error.h"

namespace svhn::metric {

inline constexpr int kClasses = 10;

/// Probabilities of the ten classes, by class index; their sum is 1.
using Probabilities = std::array<double, kClasses>;

/// @returns the digit of a class index 0..9; in class order the digits are 1, 2, … 9, 0.
constexpr int class_digit(int index) {
  return (index + 1) % kClasses;
}

/// @returns a class index as an index of an array. @throws core::Error(bug) when it is not one of 0..9.
inline std::size_t class_slot(int index) {
  if (index >= 0 && index < kClasses) return static_cast<std::size_t>(index);
  throw core::Error(core::ExitCode::bug, "class index " + std::to_string(index) + " is not one of 0 to 9",
                    "please report this");
}

}  // namespace svhn::metric
