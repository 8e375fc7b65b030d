#include "metric/confusion.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace svhn::metric {
namespace {

double share(double part, double whole) {
  return whole == 0.0 ? 0.0 : part / whole;
}

std::int64_t column_sum(const ConfusionCounts& counts, std::size_t column) {
  std::int64_t sum = 0;
  for (const auto& row : counts) sum += row[column];
  return sum;
}

std::int64_t row_sum(const ConfusionCounts& counts, std::size_t row) {
  return std::accumulate(counts[row].begin(), counts[row].end(), std::int64_t{0});
}

}  // namespace

void ConfusionMatrix::add(int true_class, int predicted) {
  ++counts_[class_slot(true_class)][class_slot(predicted)];
}

std::int64_t total_count(const ConfusionCounts& counts) {
  std::int64_t total = 0;
  for (std::size_t i = 0; i < counts.size(); ++i) total += row_sum(counts, i);
  return total;
}

std::int64_t correct_count(const ConfusionCounts& counts) {
  std::int64_t correct = 0;
  for (std::size_t i = 0; i < counts.size(); ++i) correct += counts[i][i];
  return correct;
}

double accuracy(const ConfusionCounts& counts) {
  return share(static_cast<double>(correct_count(counts)), static_cast<double>(total_count(counts)));
}

double shifted_accuracy(const ConfusionCounts& counts, int shift) {
  std::int64_t hits = 0;
  for (int t = 0; t < kClasses; ++t)
    hits += counts[class_slot(t)][class_slot((t + shift + kClasses) % kClasses)];
  return share(static_cast<double>(hits), static_cast<double>(total_count(counts)));
}

std::array<ClassScore, kClasses> class_scores(const ConfusionCounts& counts) {
  std::array<ClassScore, kClasses> scores{};
  for (std::size_t i = 0; i < scores.size(); ++i) {
    const auto found = static_cast<double>(counts[i][i]);
    const auto predicted = static_cast<double>(column_sum(counts, i));
    const std::int64_t support = row_sum(counts, i);
    scores[i].class_index = static_cast<int>(i);
    scores[i].precision = share(found, predicted);
    scores[i].recall = share(found, static_cast<double>(support));
    scores[i].f1 = share(2.0 * found, predicted + static_cast<double>(support));
    scores[i].support = support;
  }
  return scores;
}

std::vector<ConfusedPair> most_confused(const ConfusionCounts& counts, std::size_t limit) {
  std::vector<ConfusedPair> pairs;
  for (int t = 0; t < kClasses; ++t) {
    for (int p = 0; p < kClasses; ++p) {
      const std::int64_t count = counts[class_slot(t)][class_slot(p)];
      if (t != p && count > 0) pairs.push_back({t, p, count});
    }
  }
  std::stable_sort(pairs.begin(), pairs.end(),
                   [](const auto& a, const auto& b) { return a.count > b.count; });
  pairs.resize(std::min(limit, pairs.size()));
  return pairs;
}

Interval wilson_interval(std::int64_t correct, std::int64_t total) {
  if (total <= 0) return {};
  constexpr double kZ = 1.959963984540054;  // the normal distribution's 97.5 % point
  const auto n = static_cast<double>(total);
  const double p = static_cast<double>(correct) / n;
  const double scale = 1.0 + kZ * kZ / n;
  const double center = (p + kZ * kZ / (2.0 * n)) / scale;
  const double half = kZ / scale * std::sqrt(p * (1.0 - p) / n + kZ * kZ / (4.0 * n * n));
  // With 0 or n right ones a bound is exactly 0 or 1, which rounding would miss.
  return {correct == 0 ? 0.0 : center - half, correct == total ? 1.0 : center + half};
}

}  // namespace svhn::metric
