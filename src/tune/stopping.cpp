#include "tune/stopping.h"

#include <algorithm>
#include <limits>
#include <numeric>

namespace svhn::tune {
namespace {

/// The middle value, or the mean of the two middle ones.
double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  const std::size_t half = values.size() / 2;
  return values.size() % 2 == 1 ? values[half] : (values[half - 1] + values[half]) / 2;
}

bool better(double a, double b, bool maximize) {
  return maximize ? a > b : a < b;
}

}  // namespace

Score resolved_score(const TuneOptions& options) {
  if (options.score != Score::automatic) return options.score;
  return options.folds ? Score::last : Score::best;
}

std::optional<double> curve_score(std::span<const double> curve, Score score, bool maximize) {
  if (curve.empty()) return std::nullopt;
  if (score == Score::last) return curve.back();
  return maximize ? *std::max_element(curve.begin(), curve.end())
                  : *std::min_element(curve.begin(), curve.end());
}

bool median_rule_stops(std::span<const double> curve, std::span<const std::vector<double>> completed,
                       const StoppingOptions& options, bool maximize) {
  return median_rule_will_stop(curve, completed, 0, options, maximize);
}

bool median_rule_will_stop(std::span<const double> curve, std::span<const std::vector<double>> completed,
                           std::size_t running, const StoppingOptions& options, bool maximize) {
  if (curve.size() < static_cast<std::size_t>(options.min_epochs)) return false;
  std::vector<double> means;
  for (const auto& other : completed) {
    if (other.size() < curve.size()) continue;
    const auto end = other.begin() + static_cast<std::ptrdiff_t>(curve.size());
    means.push_back(std::accumulate(other.begin(), end, 0.0) / static_cast<double>(curve.size()));
  }
  if (means.empty() || means.size() < static_cast<std::size_t>(options.min_trials)) return false;
  // The kindest that the others can turn out: as bad as can be. Fewer of them only raise the bar.
  const double worst = std::numeric_limits<double>::infinity() * (maximize ? -1.0 : 1.0);
  means.insert(means.end(), running, worst);
  return better(median(std::move(means)), *curve_score(curve, Score::best, maximize), maximize);
}

std::vector<std::int64_t> halving_rungs(const StoppingOptions& options, std::int64_t bracket,
                                        std::int64_t epochs) {
  std::vector<std::int64_t> rungs;
  std::int64_t rung = options.min_epochs;
  for (; rung < epochs; rung *= options.reduction) {  // Both are at most a million: no overflow.
    if (bracket-- <= 0) rungs.push_back(rung);
  }
  rungs.push_back(epochs);
  return rungs;
}

std::vector<std::size_t> halving_survivors(std::span<const std::optional<double>> scores,
                                           std::int64_t reduction, bool maximize) {
  std::vector<std::size_t> order;
  for (std::size_t i = 0; i < scores.size(); ++i) {
    if (scores[i]) order.push_back(i);
  }
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return better(*scores[a], *scores[b], maximize); });
  const std::size_t kept = std::max<std::size_t>(1, scores.size() / static_cast<std::size_t>(reduction));
  order.resize(std::min(kept, order.size()));
  std::sort(order.begin(), order.end());
  return order;
}

}  // namespace svhn::tune
