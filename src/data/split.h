#pragma once
/// Training, validation and test rows, equal to scikit-learn's index for index and in its order.
/// N rows; labels are class indices 0..9 (index i is digit (i + 1) % 10).

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "data/prepared.h"

namespace svhn::data {

/// What scikit-learn was given as `stratify`. The two give other rows, because it deals with the classes in
/// the order of their sorted values, and it turns the rows of a one-hot matrix into text first: "0.0 …
/// 0.0 1.0" (index 9) comes before "1.0 0.0 … 0.0" (index 0), so one-hot classes run 9, 8, … 0.
enum class Stratify {
  onehot,  ///< `to_categorical(y)`, as the assignment did; any number type gives the same order.
  label,   ///< The integers themselves.
};

/// @returns "onehot" or "label".
std::string_view stratify_name(Stratify stratify);

/// Row numbers of the two parts, disjoint, shuffled.
struct StratifiedSplit {
  std::vector<std::int64_t> train;
  std::vector<std::int64_t> test;
};

/// `train_test_split(rows, train_size=…, test_size=…, random_state=seed, stratify=labels)`: each class has
/// its share in both parts, to within one row.
/// @param labels [N], 0..9; at least two rows of each class that occurs.
/// @param train_size above 0 and below 1; floor(train_size * N) rows. Unset: all that the test part leaves.
/// @param test_size above 0 and below 1; ceil(test_size * N) rows.
/// @param seed 0..2^32-1, as numpy takes it.
/// @throws core::Error(usage) for sizes or a seed out of range; core::Error(data) where scikit-learn refuses
/// the rows: too few of a class, or a part that is empty or smaller than the number of classes.
/// @see scikit-learn 1.2, model_selection.StratifiedShuffleSplit
StratifiedSplit stratified_split(std::span<const std::uint8_t> labels, std::optional<double> train_size,
                                 double test_size, std::uint64_t seed, Stratify stratify);

/// Row numbers of the three splits, by `Split`.
using SplitIndices = std::array<std::vector<std::int64_t>, 3>;

/// How a random or official split is drawn; the defaults are the assignment's.
struct SplitOptions {
  double test_fraction = 0.2;  ///< Of all rows; not used where the test rows are given.
  double val_fraction = 0.2;   ///< Of the rows that the test split leaves.
  std::uint64_t seed = 1;      ///< Of both draws.
  Stratify stratify = Stratify::onehot;
};

/// Splits twice as the assignment's notebook does: the test rows first, then validation from the remainder,
/// in the order that the first split left it in. 99,289 rows give 63,544 / 15,887 / 19,858. No row is left
/// out: the larger part takes what the fraction leaves, which equals train_size=0.8, test_size=0.2 for every
/// N up to 3,000,000.
/// @throws core::Error as `stratified_split`; the message names the split.
SplitIndices split_three(std::span<const std::uint8_t> labels, const SplitOptions& options);

/// Which of Stanford's files a row comes from.
enum class Origin : std::uint8_t { train, test, extra };

/// @param file_name e.g. "extra_32x32.mat". @returns what its name begins with: train, test or extra.
std::optional<Origin> origin_of_file(std::string_view file_name);

/// Keeps Stanford's division: test rows in their order; train and extra rows, of which `val_fraction` becomes
/// the validation split by the same stratified method.
/// @param origins [N], one for each label.
/// @throws core::Error(data) when there is no row to train on or none to test on; else as `stratified_split`.
SplitIndices split_official(std::span<const std::uint8_t> labels, std::span<const Origin> origins,
                            const SplitOptions& options);

}  // namespace svhn::data
