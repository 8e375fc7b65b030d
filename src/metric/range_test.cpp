#include "metric/range_test.h"

#include <algorithm>
#include <cmath>

namespace svhn::metric {

double RangeTest::rate() const {
  const double share = static_cast<double>(points_.size()) / static_cast<double>(kSteps - 1);
  return kLowest * std::pow(kHighest / kLowest, share);
}

void RangeTest::add(double loss) {
  if (!std::isfinite(loss)) {
    diverged_ = true;
    return;
  }
  average_ = kSmoothing * average_ + (1.0 - kSmoothing) * loss;
  const double smoothed = average_ / (1.0 - std::pow(kSmoothing, static_cast<double>(points_.size() + 1)));
  points_.push_back({rate(), loss, smoothed});
  smallest_ = points_.size() == 1 ? smoothed : std::min(smallest_, smoothed);
  diverged_ = smoothed > kDiverged * smallest_;
}

std::optional<RangeSuggestion> RangeTest::suggestion() const {
  const auto best = std::ranges::min_element(points_, {}, &RangePoint::smoothed);
  if (best == points_.end() || best == points_.begin()) return std::nullopt;
  // The fall over a quarter of a decade on each side; the first steps are noise that is not smoothed yet.
  constexpr std::ptrdiff_t kWindow = 5, kSkipped = 10;
  double fall = 0.0;
  RangeSuggestion result{0.0, best->rate};
  const std::ptrdiff_t last = std::min(best - points_.begin(), std::ssize(points_) - 1 - kWindow);
  for (std::ptrdiff_t i = kSkipped; i <= last; ++i) {
    const auto at = points_.begin() + i;
    const double here = (at - kWindow)->smoothed - (at + kWindow)->smoothed;
    if (here <= fall) continue;
    fall = here;
    result.steepest = at->rate;
  }
  constexpr double kRounding = 1e-9;
  if (fall <= kRounding * std::abs(best->smoothed)) return std::nullopt;
  return result;
}

}  // namespace svhn::metric
