#include "report/charts/reliability.h"

#include <gtest/gtest.h>

#include "unit/report/charts/chart_files.h"

namespace svhn::report {
namespace {

/// Four predictions at 0.95, three of them right, and one right at 0.30; 15 bins are 1/15 wide.
metric::ReliabilityBins example() {
  metric::CalibrationMeter meter;
  for (const bool correct : {true, true, true, false}) meter.add(0.95, correct);
  meter.add(0.30, true);
  return meter.value();
}

// 0.30 lies in (4/15, 5/15], 0.95 in (14/15, 1]. Columns: middle, mean confidence, accuracy, share of images.
TEST(ReliabilityChart, SendsTheBinsThatHoldImages) {
  const Rows rows = reliability_chart(example(), "t").data.at(0);
  ASSERT_EQ(rows.size(), 2U);
  EXPECT_NEAR(rows[0][0], 4.5 / 15, 1e-12);
  EXPECT_NEAR(rows[0][1], 0.30, 1e-12);
  EXPECT_NEAR(rows[0][2], 1.0, 1e-12);
  EXPECT_NEAR(rows[1][0], 14.5 / 15, 1e-12);
  EXPECT_NEAR(rows[1][2], 0.75, 1e-12);
  EXPECT_NEAR(rows[1][3], 0.8, 1e-12);
}

// |1 - 0.30| * 1/5 + |0.75 - 0.95| * 4/5 = 0.30
TEST(ReliabilityChart, TellsTheCalibrationErrorInItsTitle) {
  const Chart chart = reliability_chart(example(), "model");
  EXPECT_TRUE(chart.commands.starts_with("set title \"model\".\"\\n\".\"calibration error 0.3000\"\n"))
      << chart.commands;
}

TEST(WriteReliabilityChart, DrawsAPng) {
  SVHN_NEEDS_GNUPLOT();
  const ChartFolder folder;
  const auto result = write_reliability_chart(folder / "r.png", example(), "t");
  ASSERT_EQ(result.status, ChartStatus::drawn) << result.message;
  EXPECT_EQ(png_size(folder / "r.png"), (PngSize{1000, 1000}));
}

}  // namespace
}  // namespace svhn::report
