#pragma once
/// The ten classes, as every structure of this room counts them: class index i is digit (i + 1) % 10.

#include <array>
#include <cstddef>

namespace svhn::metric {

inline constexpr int kClasses = 10;

/// @returns the digit of a class index 0..9; in class order the digits read 1, 2, … 9, 0.
constexpr int class_digit(int index) {
  return (index + 1) % kClasses;
}

/// @returns the index as an array's place. @throws core::Error(bug) when it is not one of 0..9.
std::size_t class_slot(int index);

/// Probabilities of the ten classes, by class index; they add up to 1.
using Probabilities = std::array<double, kClasses>;

}  // namespace svhn::metric
