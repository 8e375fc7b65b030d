#include "metric/coverage.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <vector>

namespace svhn::metric {
namespace {

/// By probability: 0.9 right, 0.8 right and wrong, 0.6 wrong, 0.5 right.
CoverageCurve curve() {
  CoverageMeter meter;
  meter.add(0.8, true);
  meter.add(0.5, true);
  meter.add(0.9, true);
  meter.add(0.6, false);
  meter.add(0.8, false);
  return meter.value();
}

TEST(CoverageMeter, TakesEqualProbabilitiesAsOneStep) {
  std::vector<std::vector<double>> steps;
  for (const auto& step : curve().steps) {
    steps.push_back({step.threshold, static_cast<double>(step.answered), static_cast<double>(step.right)});
  }
  EXPECT_EQ(steps, (std::vector<std::vector<double>>{{0.9, 1, 1}, {0.8, 3, 2}, {0.6, 4, 2}, {0.5, 5, 3}}));
}

// Risks 0, 1/3 (of two images), 1/2, 2/5.
TEST(RiskCoverageArea, IsTheMeanRiskAtTheProbabilityOfEachImage) {
  EXPECT_NEAR(risk_coverage_area(curve()), (0.0 + 2.0 / 3.0 + 0.5 + 0.4) / 5.0, 1e-15);
  EXPECT_EQ(risk_coverage_area(CoverageMeter().value()), 0.0);
}

TEST(PercentSteps, AreAtMostAHundredAndEndWithAllImages) {
  EXPECT_EQ(percent_steps(curve()).size(), 4U);
  CoverageMeter meter;
  for (int i = 0; i < 1000; ++i) meter.add(i / 1000.0, i % 3 != 0);
  const auto steps = percent_steps(meter.value());
  ASSERT_EQ(steps.size(), 100U);
  EXPECT_EQ(steps.front().answered, 10);
  EXPECT_EQ(steps.back().answered, 1000);
  EXPECT_EQ(steps.back().right, 666);
}

TEST(Rejection, KeepsTheAnswersFromTheThresholdOn) {
  const Rejection at = rejection_at(curve(), 0.8);
  EXPECT_EQ(at.answered, 3);
  EXPECT_EQ(at.coverage, 0.6);
  EXPECT_EQ(at.accuracy, 2.0 / 3.0);
  EXPECT_EQ(rejection_at(curve(), 0.0).answered, 5);
  EXPECT_EQ(rejection_at(curve(), 0.81).answered, 1);
  const Rejection none = rejection_at(curve(), 1.0);
  EXPECT_EQ(none.answered, 0);
  EXPECT_EQ(none.coverage, 0.0);
  EXPECT_FALSE(none.accuracy);
}

TEST(CoverageJson, ListsCoverageAccuracyAndThreshold) {
  EXPECT_EQ(coverage_json(curve())[0].dump(), R"({"coverage":0.2,"accuracy":1.0,"threshold":0.9})");
  EXPECT_EQ(coverage_json(CoverageMeter().value()).dump(), "[]");
}

}  // namespace
}  // namespace svhn::metric
