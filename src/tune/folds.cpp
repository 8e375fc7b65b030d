#include "tune/folds.h"

#include <algorithm>
#include <array>
#include <numeric>
#include <string>

#include "core/error.h"
#include "data/numpy_random.h"
#include "data/prepared.h"
#include "tune/group_folds.h"

namespace svhn::tune {
namespace {

using core::Error;
using core::ExitCode;

[[noreturn]] void refuse(std::int64_t folds, const std::string& why) {
  throw Error(ExitCode::config, "/tune/folds: " + std::to_string(folds) + " folds " + why,
              "use fewer folds or prepare more images");
}

/// @returns the fold of each row when `order` is cut into blocks; the first n % k folds have one row more.
std::vector<std::size_t> fold_of_blocks(const std::vector<std::size_t>& order, std::size_t folds) {
  std::vector<std::size_t> fold_of(order.size());
  std::size_t begin = 0;
  for (std::size_t fold = 0; fold < folds; ++fold) {
    const std::size_t size = order.size() / folds + (fold < order.size() % folds ? 1 : 0);
    for (std::size_t i = begin; i < begin + size; ++i) fold_of[order[i]] = fold;
    begin += size;
  }
  return fold_of;
}

/// @returns the classes of the rows, numbered by their first occurrence, as scikit-learn encodes them.
std::vector<std::size_t> encoded(std::span<const std::int64_t> rows, std::span<const std::uint8_t> labels) {
  constexpr std::size_t kUnseen = data::kClasses;
  std::array<std::size_t, data::kClasses> code{};
  code.fill(kUnseen);
  std::size_t next = 0;
  std::vector<std::size_t> codes;
  for (const std::int64_t row : rows) {
    std::size_t& own = code.at(labels[static_cast<std::size_t>(row)]);
    if (own == kUnseen) own = next++;
    codes.push_back(own);
  }
  return codes;
}

/// @returns the fold of each row. Fold f has as many rows of a class as every k-th of the sorted labels from
/// f on has; the rows of a class go to the folds in blocks.
std::vector<std::size_t> fold_stratified(const std::vector<std::size_t>& codes, std::size_t folds) {
  std::vector<std::size_t> sorted = codes;
  std::sort(sorted.begin(), sorted.end());
  std::vector<std::array<std::size_t, data::kClasses>> left(folds);
  for (std::size_t i = 0; i < sorted.size(); ++i) ++left[i % folds][sorted[i]];
  std::vector<std::size_t> fold_of;
  for (const std::size_t code : codes) {
    std::size_t fold = 0;
    while (left[fold][code] == 0) ++fold;
    --left[fold][code];
    fold_of.push_back(fold);
  }
  return fold_of;
}

void check_counts(std::span<const std::int64_t> rows, std::span<const std::uint8_t> labels,
                  const FoldPlan& plan) {
  if (plan.folds < 2) refuse(plan.folds, "divide nothing");
  if (static_cast<std::size_t>(plan.folds) > rows.size()) {
    refuse(plan.folds, "are more than the " + std::to_string(rows.size()) + " training images");
  }
  if (plan.order != FoldOrder::stratified) return;
  std::array<std::int64_t, data::kClasses> counts{};
  for (const std::int64_t row : rows) ++counts.at(labels[static_cast<std::size_t>(row)]);
  if (plan.folds > *std::max_element(counts.begin(), counts.end())) {
    refuse(plan.folds, "are more than the images of any class");
  }
}

template <class T>
std::vector<T> chosen_of(std::span<const T> values, std::span<const std::int64_t> rows) {
  std::vector<T> chosen;
  for (const std::int64_t row : rows) chosen.push_back(values[static_cast<std::size_t>(row)]);
  return chosen;
}

/// @returns the fold of each row.
std::vector<std::size_t> fold_rows(std::span<const std::int64_t> rows, std::span<const std::uint8_t> labels,
                                   std::span<const std::int64_t> groups, const FoldPlan& plan) {
  const auto count = static_cast<std::size_t>(plan.folds);
  if (!groups.empty()) return group_folds(chosen_of(labels, rows), chosen_of(groups, rows), plan);
  if (plan.order == FoldOrder::stratified) return fold_stratified(encoded(rows, labels), count);
  std::vector<std::size_t> positions(rows.size());
  std::iota(positions.begin(), positions.end(), std::size_t{0});
  if (plan.order == FoldOrder::shuffled) {
    data::NumpyRandom(static_cast<std::uint32_t>(plan.seed)).shuffle(std::span(positions));
  }
  return fold_of_blocks(positions, count);
}

}  // namespace

std::vector<Fold> make_folds(std::span<const std::int64_t> rows, std::span<const std::uint8_t> labels,
                             std::span<const std::int64_t> groups, const FoldPlan& plan) {
  check_counts(rows, labels, plan);
  const auto count = static_cast<std::size_t>(plan.folds);
  const auto fold_of = fold_rows(rows, labels, groups, plan);
  std::vector<Fold> result(count);
  for (std::size_t i = 0; i < rows.size(); ++i) {
    for (std::size_t fold = 0; fold < count; ++fold) {
      (fold_of[i] == fold ? result[fold].val : result[fold].train).push_back(rows[i]);
    }
  }
  for (const Fold& fold : result) {
    if (fold.val.empty()) refuse(plan.folds, "cannot each have a photo of their own");
  }
  return result;
}

}  // namespace svhn::tune
