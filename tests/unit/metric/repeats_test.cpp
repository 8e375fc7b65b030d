#include "metric/repeats.h"

#include <gtest/gtest.h>

#include <array>
#include <limits>

#include "core/error.h"

namespace svhn::metric {
namespace {

TEST(SpreadOf, IsMeanAndSampleDeviation) {
  const Spread spread = spread_of(std::array{0.951, 0.957, 0.949, 0.962, 0.955});
  EXPECT_NEAR(spread.mean, 0.9548, 1e-15);
  EXPECT_NEAR(*spread.deviation, 0.005118593556827896, 1e-15);  // numpy.std(…, ddof=1)
}

TEST(SpreadOf, HasNoDeviationOfOneScore) {
  const Spread spread = spread_of(std::array{0.5});
  EXPECT_EQ(spread.mean, 0.5);
  EXPECT_FALSE(spread.deviation);
  EXPECT_THROW(spread_of({}), core::Error);
}

TEST(StudentPValue, AgreesWithScipy) {
  // 2 * scipy.stats.t.sf(t, freedom)
  EXPECT_NEAR(student_p_value(0.5, 1), 0.7048327646991336, 1e-14);
  EXPECT_NEAR(student_p_value(-2.0, 3), 0.1393259685588431, 1e-14);
  EXPECT_NEAR(student_p_value(4.6, 4), 0.010030893170196245, 1e-15);
  EXPECT_NEAR(student_p_value(1e-3, 2), 0.99929289339559, 1e-13);
  EXPECT_NEAR(student_p_value(2.1, 1000), 0.03597887431078194, 1e-13);
  EXPECT_NEAR(student_p_value(30.0, 40) / 4.8509076605901817e-29, 1.0, 1e-11);
  EXPECT_EQ(student_p_value(0.0, 5), 1.0);
  EXPECT_EQ(student_p_value(std::numeric_limits<double>::infinity(), 5), 0.0);
}

TEST(StudentQuantile, AgreesWithScipy) {
  // Where scipy.stats.t.sf(t, freedom) is 0.025, found by halving: t.ppf itself is right to 9 digits only.
  EXPECT_NEAR(student_quantile_95(1), 12.706204736174703, 1e-11);
  EXPECT_NEAR(student_quantile_95(2), 4.302652729749464, 1e-12);
  EXPECT_NEAR(student_quantile_95(4), 2.7764451051977943, 1e-12);
  EXPECT_NEAR(student_quantile_95(49), 2.0095752371292397, 1e-12);
}

TEST(PairedMeans, AgreesWithScipy) {
  // scipy.stats.ttest_rel, and its interval mean -+ t.ppf(0.975, 4) * deviation / sqrt(5).
  const auto means = paired_means(std::array{0.951, 0.957, 0.949, 0.962, 0.955},
                                  std::array{0.948, 0.951, 0.950, 0.953, 0.949});
  EXPECT_NEAR(means.difference, 0.0046, 1e-15);
  EXPECT_NEAR(means.interval_95.low, -9.539472541187852e-05, 1e-15);
  EXPECT_NEAR(means.interval_95.high, 0.009295394725411887, 1e-15);
  EXPECT_NEAR(means.p_value, 0.05298483856510236, 1e-12);
}

TEST(PairedMeans, IsCertainOfEqualDifferences) {
  EXPECT_EQ(paired_means(std::array{0.5, 0.75}, std::array{0.5, 0.75}).p_value, 1.0);
  const auto means = paired_means(std::array{0.5, 0.75}, std::array{0.25, 0.5});
  EXPECT_EQ(means.p_value, 0.0);
  EXPECT_EQ(means.interval_95.low, 0.25);
  EXPECT_EQ(means.interval_95.high, 0.25);
}

TEST(PairedMeans, RefusesWhatAreNoPairs) {
  EXPECT_THROW(paired_means(std::array{0.5, 0.6}, std::array{0.5}), core::Error);
  EXPECT_THROW(paired_means(std::array{0.5}, std::array{0.5}), core::Error);
}

}  // namespace
}  // namespace svhn::metric
