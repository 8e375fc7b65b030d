#include "metric/coverage.h"

#include <algorithm>
#include <functional>
#include <nlohmann/json.hpp>

namespace svhn::metric {

double risk_coverage_area(const CoverageCurve& curve) {
  if (curve.images == 0) return 0.0;
  double risks = 0.0;
  std::int64_t before = 0;
  for (const CoverageStep& step : curve.steps) {
    const double risk = static_cast<double>(step.answered - step.right) / static_cast<double>(step.answered);
    risks += static_cast<double>(step.answered - before) * risk;
    before = step.answered;
  }
  return risks / static_cast<double>(curve.images);
}

std::vector<CoverageStep> percent_steps(const CoverageCurve& curve) {
  constexpr std::int64_t kPercent = 100;
  std::vector<CoverageStep> chosen;
  std::int64_t reached = 0;
  for (const CoverageStep& step : curve.steps) {
    const std::int64_t percent = kPercent * step.answered / curve.images;
    if (percent > reached) chosen.push_back(step);
    reached = percent;
  }
  return chosen;
}

Rejection rejection_at(const CoverageCurve& curve, double threshold) {
  Rejection result{threshold, 0, 0.0, std::nullopt};
  const auto end = std::ranges::find_if(
      curve.steps, [threshold](const CoverageStep& step) { return step.threshold < threshold; });
  if (end == curve.steps.begin()) return result;
  const CoverageStep& last = *(end - 1);
  return {threshold, last.answered, curve.coverage(last), last.accuracy()};
}

nlohmann::ordered_json coverage_json(const CoverageCurve& curve) {
  auto points = nlohmann::ordered_json::array();
  for (const CoverageStep& step : percent_steps(curve)) {
    points.push_back(
        {{"coverage", curve.coverage(step)}, {"accuracy", step.accuracy()}, {"threshold", step.threshold}});
  }
  return points;
}

CoverageCurve CoverageMeter::value() const {
  auto sorted = answers_;
  std::ranges::sort(sorted, std::ranges::greater{}, &Answer::confidence);
  CoverageCurve curve{static_cast<std::int64_t>(sorted.size()), {}};
  CoverageStep step;
  for (std::size_t i = 0; i < sorted.size(); ++i) {
    step = {sorted[i].confidence, step.answered + 1, step.right + (sorted[i].correct ? 1 : 0)};
    const bool tied = i + 1 < sorted.size() && sorted[i + 1].confidence == step.threshold;
    if (!tied) curve.steps.push_back(step);
  }
  return curve;
}

}  // namespace svhn::metric
