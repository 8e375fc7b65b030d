#pragma once
/// One stratified draw, the step that every kind of split is made of.

#include <cstdint>
#include <optional>
#include <span>

#include "data/split.h"

namespace svhn::data {

/// The parts of a draw: their shares of the rows and what the user calls the second one.
struct DrawParts {
  std::optional<double> train{};
  double test = 0.2;
  const char* test_name = "test";
};

/// See `stratified_split`.
StratifiedSplit draw_split(std::span<const std::uint8_t> labels, const DrawParts& parts, std::uint32_t seed,
                           Stratify stratify);

}  // namespace svhn::data
