#pragma once
/// Training, validation and test rows, identical to scikit-learn's, in the same order, or divided by groups.
/// N rows; labels are class indices 0..9 (index i is digit (i + 1) % 10).

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "data/prepared.h"
#include "data/source.h"

namespace svhn::data {

/// The `stratify` argument of scikit-learn. The two give different rows, because it processes the classes in
/// the order of their sorted values, and it converts the rows of a one-hot matrix to text first:
/// "0.0 … 0.0 1.0" (index 9) sorts before "1.0 0.0 … 0.0" (index 0), so one-hot classes run 9, 8, … 0.
enum class Stratify {
  onehot,  ///< `to_categorical(y)`, as in the assignment; the number type does not matter.
  label,   ///< The integer labels.
};

/// @returns "onehot" or "label".
std::string_view stratify_name(Stratify stratify);

/// Row numbers of the two parts, disjoint, shuffled.
struct StratifiedSplit {
  std::vector<std::int64_t> train;
  std::vector<std::int64_t> test;
};

/// `train_test_split(rows, train_size=…, test_size=…, random_state=seed, stratify=labels)`: both parts have
/// the proportions of the classes, to within one row.
/// @param labels [N], 0..9; at least two rows of each class that occurs.
/// @param train_size above 0 and below 1; floor(train_size * N) rows. Unset: all rows outside the test part.
/// @param test_size above 0 and below 1; ceil(test_size * N) rows.
/// @param seed 0..2^32-1, as numpy takes it.
/// @throws core::Error(usage) for sizes or a seed out of range; core::Error(data) where scikit-learn raises
/// an error too: too few rows of a class, or a part that is empty or smaller than the number of classes.
/// @see scikit-learn 1.2, model_selection.StratifiedShuffleSplit
StratifiedSplit stratified_split(std::span<const std::uint8_t> labels, std::optional<double> train_size,
                                 double test_size, std::uint64_t seed, Stratify stratify);

/// Row numbers of the three splits, indexed by `Split`.
using SplitIndices = std::array<std::vector<std::int64_t>, 3>;

/// Options of a random or official split; the defaults are those of the assignment.
struct SplitOptions {
  double test_fraction = 0.2;  ///< Fraction of all rows; unused when the test rows are given.
  double val_fraction = 0.2;   ///< Fraction of the rows outside the test split.
  std::uint64_t seed = 1;      ///< Seed of both draws.
  Stratify stratify = Stratify::onehot;
};

/// Splits twice as the assignment's notebook does: first the test rows, then validation from the remaining
/// rows in the order of the first split. 99,289 rows give 63,544 / 15,887 / 19,858. Every row is used: the
/// larger part gets the rows outside the fraction, which equals train_size=0.8, test_size=0.2 for every N up
/// to 3,000,000.
/// @param groups [N], or empty: rows are drawn one by one. With groups no draw divides one, see
/// `grouped_split`, and `stratify` does not matter.
/// @throws core::Error as `stratified_split` or `grouped_split`; the message names the split.
SplitIndices split_three(std::span<const std::uint8_t> labels, const SplitOptions& options,
                         std::span<const std::int64_t> groups = {});

/// @param file_name e.g. "extra_32x32.mat".
/// @returns the one of train, test and extra that the name has as a word between other characters than
/// letters, in either case; nullopt when it has none or several.
std::optional<Origin> origin_of_file(std::string_view file_name);

/// Keeps a division that the source has: test and validation rows in their order, the others are training
/// rows. Without test rows, `test_fraction` of the training rows is drawn as in `split_three`; then, without
/// validation rows, `val_fraction` of those that are left.
/// @param origins [N], one for each label. @param groups as in `split_three`; the source's own division may
/// divide them.
/// @throws core::Error(data) without training rows; else as `split_three`.
SplitIndices split_given(std::span<const std::uint8_t> labels, std::span<const Origin> origins,
                         const SplitOptions& options, std::span<const std::int64_t> groups = {});

/// Keeps Stanford's split, as `split_given`. @throws core::Error(data) also without test rows.
SplitIndices split_official(std::span<const std::uint8_t> labels, std::span<const Origin> origins,
                            const SplitOptions& options, std::span<const std::int64_t> groups = {});

}  // namespace svhn::data
