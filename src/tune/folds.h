#pragma once
/// k-fold cross-validation, equal to scikit-learn's row for row.
/// @see scikit-learn 1.2, model_selection.KFold, StratifiedKFold, GroupKFold and StratifiedGroupKFold

#include <cstdint>
#include <span>
#include <vector>

#include "tune/options.h"

namespace svhn::tune {

struct Fold {
  std::vector<std::int64_t> train;  ///< Rows of the data file.
  std::vector<std::int64_t> val;
};

struct FoldPlan {
  std::int64_t folds = 2;
  FoldOrder order = FoldOrder::plain;
  std::uint64_t seed = 0;
};

/// Divides rows into folds.
/// @param rows to divide, in their order. @param labels u8 [N], class index 0..9 of every row of the data
/// file.
/// @param groups [N], the group of every row of the data file, which no fold divides; empty: rows are divided
/// one by one. @param folds at least 2. @param seed of shuffled folds; numpy takes its low 32 bits.
/// @returns `folds` divisions; in each, both parts keep the order of `rows`.
/// @throws core::Error(config) for more folds than rows or groups; stratified: for more folds than rows of
/// the most frequent class.
std::vector<Fold> make_folds(std::span<const std::int64_t> rows, std::span<const std::uint8_t> labels,
                             std::span<const std::int64_t> groups, const FoldPlan& plan);

}  // namespace svhn::tune
