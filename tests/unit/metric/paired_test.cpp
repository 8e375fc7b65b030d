#include "metric/paired.h"

#include <gtest/gtest.h>

#include <cmath>

namespace svhn::metric {
namespace {

TEST(McNemar, IsTheTailOfAFairCoin) {
  // 2 (C(6,0) + C(6,1)) / 2^6 and 2 (C(10,0) + C(10,1) + C(10,2)) / 2^10.
  EXPECT_NEAR(mcnemar_p_value({100, 1, 5}), 14.0 / 64.0, 1e-14);
  EXPECT_NEAR(mcnemar_p_value({100, 8, 2}), 112.0 / 1024.0, 1e-14);
  EXPECT_NEAR(mcnemar_p_value({100, 0, 3}), 0.25, 1e-14);
}

TEST(McNemar, IsOneForEqualCounts) {
  EXPECT_EQ(mcnemar_p_value({10, 0, 0}), 1.0);
  EXPECT_EQ(mcnemar_p_value({100, 7, 7}), 1.0);
  EXPECT_NEAR(mcnemar_p_value({100, 3, 4}), 1.0, 1e-14);
}

TEST(McNemar, HoldsForManyImages) {
  // scipy.stats.binomtest(4900, 10000).pvalue, (480000, 1000000) and (30, 2000).
  EXPECT_NEAR(mcnemar_p_value({20'000, 4'900, 5'100}), 0.046585527704947234, 1e-12);
  EXPECT_EQ(mcnemar_p_value({2'000'000, 480'000, 520'000}), 0.0);
  EXPECT_LT(mcnemar_p_value({2'000, 30, 1'970}), 1e-300);
}

TEST(PairedDifference, IsWaldsIntervalOfHalvesMoreCounts) {
  // By hand: n 102, b 12.5, c 5.5: difference 7 / 102, error sqrt(18 / 102 - (7 / 102)^2) / sqrt(102).
  const Interval interval = paired_difference_interval({100, 12, 5});
  const double middle = 7.0 / 102.0, error = std::sqrt((18.0 / 102.0 - middle * middle) / 102.0);
  EXPECT_NEAR(interval.low, middle - 1.959963984540054 * error, 1e-12);
  EXPECT_NEAR(interval.high, middle + 1.959963984540054 * error, 1e-12);
  const Interval other = paired_difference_interval({100, 5, 12});
  EXPECT_NEAR(other.low, -interval.high, 1e-12);
}

TEST(PairedDifference, StaysWithinItsRange) {
  const Interval all = paired_difference_interval({3, 3, 0});
  EXPECT_LE(all.high, 1.0);
  EXPECT_GT(all.low, 0.0);
}

}  // namespace
}  // namespace svhn::metric
