#pragma once
/// Folds that divide no group of rows, such as the digits of one photo.

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "tune/folds.h"

namespace svhn::tune {

/// @param labels, groups [rows], class index 0..9 and group of each row.
/// @returns the fold of each row. plain: GroupKFold(k), the largest group first to the fold with the fewest
/// rows; of groups of one size the last first, where numpy's sort leaves the order open. shuffled: the same
/// with groups of one size in random order. stratified: StratifiedGroupKFold(k).
std::vector<std::size_t> group_folds(std::span<const std::uint8_t> labels,
                                     std::span<const std::int64_t> groups, const FoldPlan& plan);

}  // namespace svhn::tune
