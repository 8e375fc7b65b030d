#include "tune/group_folds.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "data/numpy_random.h"
#include "data/prepared.h"

namespace svhn::tune {
namespace {

using Row = std::vector<double>;

/// Numbers values by their order.
template <class T>
std::vector<std::size_t> ranks(std::span<const T> values, std::size_t& count) {
  std::vector<T> unique(values.begin(), values.end());
  std::sort(unique.begin(), unique.end());
  unique.erase(std::unique(unique.begin(), unique.end()), unique.end());
  count = unique.size();
  std::vector<std::size_t> result;
  for (const T value : values) {
    const auto place = std::lower_bound(unique.begin(), unique.end(), value) - unique.begin();
    result.push_back(static_cast<std::size_t>(place));
  }
  return result;
}

/// numpy's sum of a contiguous row of at most 128 numbers: eight sums side by side.
double numpy_sum(const Row& values) {
  constexpr std::size_t kSums = 8;
  if (values.size() < kSums) return std::accumulate(values.begin(), values.end(), 0.0);
  Row sums(values.begin(), values.begin() + kSums);
  std::size_t i = kSums;
  for (; i + kSums <= values.size(); i += kSums) {
    for (std::size_t k = 0; k < kSums; ++k) sums[k] += values[i + k];
  }
  double sum = ((sums[0] + sums[1]) + (sums[2] + sums[3])) + ((sums[4] + sums[5]) + (sums[6] + sums[7]));
  for (; i < values.size(); ++i) sum += values[i];
  return sum;
}

double numpy_deviation(const Row& values) {
  const auto n = static_cast<double>(values.size());
  const double mean = numpy_sum(values) / n;
  Row squares;
  for (const double value : values) squares.push_back((value - mean) * (value - mean));
  return std::sqrt(numpy_sum(squares) / n);
}

/// Groups with their number of rows of each class that occurs.
class StratifiedGroups {
 public:
  StratifiedGroups(std::span<const std::uint8_t> labels, const std::vector<std::size_t>& groups,
                   std::size_t count, std::size_t folds) {
    std::size_t classes = 0;
    const auto codes = ranks(labels, classes);
    rows_.assign(classes, 0.0);
    groups_.assign(count, Row(classes, 0.0));
    folds_.assign(folds, Row(classes, 0.0));
    for (std::size_t row = 0; row < codes.size(); ++row) {
      ++groups_[groups[row]][codes[row]];
      ++rows_[codes[row]];
    }
  }

  /// @returns the fold of each group.
  std::vector<std::size_t> place() {
    Row spread;
    for (const Row& group : groups_) spread.push_back(numpy_deviation(group));
    std::vector<std::size_t> order(groups_.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::stable_sort(order.begin(), order.end(),
                     [&](std::size_t a, std::size_t b) { return spread[a] > spread[b]; });
    std::vector<std::size_t> fold_of(groups_.size());
    for (const std::size_t group : order) {
      fold_of[group] = best_fold(groups_[group]);
      add(folds_[fold_of[group]], groups_[group], 1.0);
    }
    return fold_of;
  }

 private:
  static void add(Row& sums, const Row& values, double sign) {
    for (std::size_t c = 0; c < sums.size(); ++c) sums[c] += sign * values[c];
  }

  /// @returns the mean over the classes of how unequally their rows are divided.
  [[nodiscard]] double unevenness() const {
    const auto n = static_cast<double>(folds_.size());
    Row deviations;
    for (std::size_t c = 0; c < rows_.size(); ++c) {
      double sum = 0.0;
      for (const Row& fold : folds_) sum += fold[c] / rows_[c];
      const double mean = sum / n;
      double squares = 0.0;
      for (const Row& fold : folds_) squares += (fold[c] / rows_[c] - mean) * (fold[c] / rows_[c] - mean);
      deviations.push_back(std::sqrt(squares / n));
    }
    return numpy_sum(deviations) / static_cast<double>(rows_.size());
  }

  std::size_t best_fold(const Row& group) {
    constexpr double kClose = 1e-8, kRelative = 1e-5;  // numpy.isclose
    std::size_t best = 0;
    double least = std::numeric_limits<double>::infinity();
    double fewest = least;
    for (std::size_t fold = 0; fold < folds_.size(); ++fold) {
      add(folds_[fold], group, 1.0);
      const double uneven = unevenness();
      add(folds_[fold], group, -1.0);
      const double rows = std::accumulate(folds_[fold].begin(), folds_[fold].end(), 0.0);
      const bool close = std::abs(uneven - least) <= kClose + kRelative * std::abs(least);
      if (!(uneven < least || (close && rows < fewest))) continue;
      least = uneven;
      fewest = rows;
      best = fold;
    }
    return best;
  }

  Row rows_;  // Of each class.
  std::vector<Row> groups_;
  std::vector<Row> folds_;
};

std::vector<std::size_t> largest_first(const std::vector<std::size_t>& groups, std::size_t count,
                                       const FoldPlan& plan) {
  std::vector<std::size_t> sizes(count, 0);
  for (const std::size_t group : groups) ++sizes[group];
  std::vector<std::size_t> order(count);
  std::iota(order.begin(), order.end(), std::size_t{0});
  if (plan.order == FoldOrder::shuffled) {
    data::NumpyRandom(static_cast<std::uint32_t>(plan.seed)).shuffle(std::span(order));
  }
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return sizes[a] < sizes[b]; });
  std::vector<std::size_t> rows(static_cast<std::size_t>(plan.folds), 0);
  std::vector<std::size_t> fold_of(count);
  std::reverse(order.begin(), order.end());
  for (const std::size_t group : order) {
    const auto lightest = std::min_element(rows.begin(), rows.end());
    *lightest += sizes[group];
    fold_of[group] = static_cast<std::size_t>(lightest - rows.begin());
  }
  return fold_of;
}

}  // namespace

std::vector<std::size_t> group_folds(std::span<const std::uint8_t> labels,
                                     std::span<const std::int64_t> groups, const FoldPlan& plan) {
  std::size_t count = 0;
  const auto numbers = ranks(groups, count);
  const auto fold_of_group =
      plan.order == FoldOrder::stratified
          ? StratifiedGroups(labels, numbers, count, static_cast<std::size_t>(plan.folds)).place()
          : largest_first(numbers, count, plan);
  std::vector<std::size_t> fold_of;
  fold_of.reserve(numbers.size());
  for (const std::size_t group : numbers) fold_of.push_back(fold_of_group[group]);
  return fold_of;
}

}  // namespace svhn::tune
