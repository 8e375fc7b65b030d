#pragma once
/// The arithmetic of preprocessing: what its steps make of each byte, in float64.

#include <array>
#include <cstddef>

#include "data/preprocess.h"

namespace svhn::data {

inline constexpr std::size_t kByteValues = 256;

struct ResolvedSteps {
  std::array<std::array<double, kByteValues>, 3> table{};  ///< Of each channel and byte; grey: summands.
  bool grey = false;
};

/// @param own statistics of the split, for minmax_per_split. @param preprocessing with steps in an order
/// without fault.
ResolvedSteps resolve_steps(const Preprocessing& preprocessing, const SplitStatistics& own);

/// The steps as straight lines: slope * byte + shift for each channel, or grey: the sum of the slopes' three
/// products + shift[0].
struct PixelLines {
  bool grey = false;
  std::array<double, 3> slope{};
  std::array<double, 3> shift{};
};

/// @returns the slope of the values of one channel.
double pixel_slope(const std::array<double, kByteValues>& table);

PixelLines lines_of(const ResolvedSteps& steps);

}  // namespace svhn::data
