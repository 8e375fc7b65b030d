#include "metric/calibration.h"

#include <gtest/gtest.h>

namespace svhn::metric {
namespace {

TEST(CalibrationMeter, PutsAnEdgeIntoTheLowerBin) {
  CalibrationMeter meter;
  meter.add(3.0 / 15.0, true);
  meter.add(3.0 / 15.0 + 1e-9, true);
  meter.add(0.0, false);
  meter.add(1.0, true);
  const ReliabilityBins bins = meter.value();
  EXPECT_EQ(bins[2].count, 1);
  EXPECT_EQ(bins[3].count, 1);
  EXPECT_EQ(bins[0].count, 1);
  EXPECT_EQ(bins[14].count, 1);
  EXPECT_DOUBLE_EQ(bins[2].high, 0.2);
  EXPECT_EQ(bins[14].high, 1.0);
}

TEST(ExpectedCalibrationError, WeighsTheGapsOfTheBins) {
  CalibrationMeter meter;
  // Bin (0.8667, 0.9333]: confidence 0.9, three of four right: gap 0.15. Bin (0.4667, 0.5333]: 0.5, one of
  // one: 0.5.
  for (const bool correct : {true, true, true, false}) meter.add(0.9, correct);
  meter.add(0.5, true);
  const ReliabilityBins bins = meter.value();
  EXPECT_NEAR(bins[13].confidence, 0.9, 1e-12);
  EXPECT_EQ(bins[13].accuracy, 0.75);
  EXPECT_NEAR(expected_calibration_error(bins), (4 * 0.15 + 1 * 0.5) / 5, 1e-12);
}

TEST(ExpectedCalibrationError, IsZeroForNothing) {
  EXPECT_EQ(expected_calibration_error(CalibrationMeter().value()), 0.0);
}

}  // namespace
}  // namespace svhn::metric
