#include "report/charts/comparison.h"

#include <gtest/gtest.h>

#include <cmath>

#include "core/error.h"
#include "unit/report/charts/chart_files.h"

namespace svhn::report {
namespace {

metric::ComparisonResult example() {
  metric::ComparisonResult result{"q4_compare", false, {}};
  result.backbones.push_back({"xception", "random", 5, {}, {}, {}, {}, "too small"});
  result.backbones.push_back({"vgg16",
                              "w",
                              5,
                              {512, 1, 1},
                              metric::BackboneScore{0.57, 12},
                              metric::BackboneScore{0.92, 88},
                              {},
                              {}});
  return result;
}

TEST(ComparisonChart, DrawsBothAccuraciesAndTellsTheTimes) {
  const Chart chart = comparison_chart(example());
  EXPECT_DOUBLE_EQ(chart.data.at(0)[0][0], 0.57);
  EXPECT_DOUBLE_EQ(chart.data.at(1)[0][0], 0.92);
  EXPECT_TRUE(std::isnan(chart.data.at(0)[1][0]));
  EXPECT_NE(chart.commands.find("0.92  12 s + 88 s"), std::string::npos) << chart.commands;
  EXPECT_NE(chart.commands.find("too small"), std::string::npos) << chart.commands;
}

TEST(ComparisonChart, HasOneBarABackboneWhenNothingWasUnfrozen) {
  auto result = example();
  result.backbones[1].unfrozen.reset();
  EXPECT_EQ(comparison_chart(result).data.size(), 1U);
}

TEST(ComparisonChart, NeedsABackbone) {
  EXPECT_THROW(comparison_chart({"x", false, {}}), core::Error);
}

TEST(WriteComparisonChart, DrawsAPng) {
  SVHN_NEEDS_GNUPLOT();
  const ChartFolder folder;
  EXPECT_EQ(write_comparison_chart(folder / "c.png", example()).message, "");
}

}  // namespace
}  // namespace svhn::report
