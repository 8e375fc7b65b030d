#include "metric/range_test.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace svhn::metric {
namespace {

TEST(RangeTest, RaisesTheRateExponentially) {
  RangeTest test;
  EXPECT_DOUBLE_EQ(test.rate(), 1e-5);
  while (!test.ended()) test.add(2.0);
  ASSERT_EQ(test.points().size(), 120U);
  EXPECT_NEAR(test.points()[59].rate * test.points()[60].rate, 1e-4, 1e-16);  // Half-way in the logarithm.
  EXPECT_NEAR(test.points().back().rate, 10.0, 1e-9);
  EXPECT_NEAR(test.points().back().smoothed, 2.0, 1e-12);  // The average has no bias.
  EXPECT_FALSE(test.diverged());
  EXPECT_FALSE(test.suggestion()) << "a flat curve";
}

TEST(RangeTest, SmoothsByHand) {
  RangeTest test;
  test.add(2.0);
  test.add(1.0);
  EXPECT_NEAR(test.points()[1].smoothed, (0.9 * 0.2 + 0.1) / (1 - 0.81), 1e-12);
}

TEST(RangeTest, EndsWhereTheLossDiverges) {
  RangeTest test;
  test.add(1.0);
  for (int i = 0; i < 60 && !test.ended(); ++i) test.add(100.0);
  EXPECT_TRUE(test.diverged());
  EXPECT_LT(test.points().size(), 10U);
  RangeTest other;
  other.add(1.0);
  other.add(std::numeric_limits<double>::quiet_NaN());
  EXPECT_TRUE(other.ended());
  EXPECT_EQ(other.points().size(), 1U);
}

TEST(RangeTest, FindsTheSteepestFallAndTheMinimum) {
  RangeTest test;
  // A logistic fall about step 60, then a rise from step 90: smoothing lags some ten steps behind.
  for (int i = 0; i < 120 && !test.ended(); ++i) {
    test.add(2.3 - 2.0 / (1.0 + std::exp(-(i - 60) / 4.0)) + (i > 90 ? (i - 90) * 0.05 : 0.0));
  }
  const auto found = test.suggestion();
  ASSERT_TRUE(found);
  const auto step = [](double rate) { return std::log10(rate / 1e-5) / 6.0 * 119.0; };
  EXPECT_NEAR(step(found->steepest), 66, 6);
  EXPECT_NEAR(step(found->minimum), 94, 6);
}

TEST(RangeTest, SuggestsNothingOfARisingLoss) {
  RangeTest test;
  for (int i = 0; i < 120 && !test.ended(); ++i) test.add(1.0 + i * 0.01);
  EXPECT_FALSE(test.suggestion());
}

}  // namespace
}  // namespace svhn::metric
