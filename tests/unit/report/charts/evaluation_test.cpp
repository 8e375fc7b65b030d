#include "report/charts/evaluation.h"

#include <gtest/gtest.h>

#include <array>
#include <cmath>

#include "unit/report/charts/chart_files.h"

namespace svhn::report {
namespace {

/// Three of four images with the digit 1 (class 0) are right, one was taken for a 0 (class 9).
metric::ConfusionCounts confusion() {
  metric::ConfusionCounts counts{};
  counts[0][0] = 3;
  counts[0][9] = 1;
  return counts;
}

TEST(ConfusionChart, LabelsBothAxesOneToNineAndZero) {
  const std::string tics =
      "tics scale 0 ('1' 0, '2' 1, '3' 2, '4' 3, '5' 4, '6' 5, '7' 6, '8' 7, '9' 8, '0' 9)\n";
  const Chart chart = confusion_chart(confusion(), "t");
  EXPECT_NE(chart.commands.find("set x" + tics), std::string::npos) << chart.commands;
  EXPECT_NE(chart.commands.find("set y" + tics), std::string::npos) << chart.commands;
}

// Columns: predicted, true, square root of the share of the true digit's images, count, colour of the text:
// sqrt(3/4), sqrt(1/4).
TEST(ConfusionChart, SendsTheRootOfTheShareAndTheCountOfEachCell) {
  const Rows cells = confusion_chart(confusion(), "t").data.at(0);
  ASSERT_EQ(cells.size(), 100U);
  EXPECT_EQ(cells[0], (std::vector<double>{0, 0, std::sqrt(0.75), 3, 0xffffff}));
  EXPECT_EQ(cells[9], (std::vector<double>{9, 0, 0.5, 1, 0}));
  EXPECT_EQ(cells[10], (std::vector<double>{0, 1, 0, 0, 0x767676}));
}

/// A colour of sRGB.
using Colour = std::array<double, 3>;

/// WCAG 2.1, "relative luminance".
double luminance(const Colour& colour) {
  const auto linear = [](double part) {
    return part <= 0.03928 ? part / 12.92 : std::pow((part + 0.055) / 1.055, 2.4);
  };
  return 0.2126 * linear(colour[0]) + 0.7152 * linear(colour[1]) + 0.0722 * linear(colour[2]);
}

Colour colour_of(double number) {
  const auto rgb = static_cast<unsigned>(number);
  return {(rgb >> 16) / 255.0, (rgb >> 8 & 0xffU) / 255.0, (rgb & 0xffU) / 255.0};
}

/// @returns the colour of a shade in the palette of the commands, "defined (0 '#ffffff', 0.1 '#d0e6f5', …)".
Colour palette_colour(const std::string& commands, double shade) {
  double before = 0.0;
  Colour left{}, right{};
  for (std::size_t at = commands.find("defined (") + 9;; at = commands.find(", ", at) + 2) {
    const double stop = std::stod(commands.substr(at));
    right = colour_of(
        static_cast<double>(std::stoul(commands.substr(commands.find('#', at) + 1, 6), nullptr, 16)));
    if (stop == 0.0) left = right;
    if (shade <= stop) {
      const double part = stop > before ? (shade - before) / (stop - before) : 1.0;
      for (std::size_t c = 0; c < 3; ++c) left[c] += (right[c] - left[c]) * part;
      return left;
    }
    before = stop;
    left = right;
  }
}

// WCAG 2.1, 1.4.3: a contrast of 4.5 to 1 for text.
TEST(ConfusionChart, CountsAreReadableOnEveryShade) {
  for (std::int64_t count = 0; count <= 200; ++count) {
    metric::ConfusionCounts counts{};
    counts[0] = {count, 200 - count};
    const Chart chart = confusion_chart(counts, "t");
    const auto& cell = chart.data.at(0)[0];
    const double paper = luminance(palette_colour(chart.commands, cell[2])),
                 ink = luminance(colour_of(cell[4]));
    EXPECT_GE((std::max(paper, ink) + 0.05) / (std::min(paper, ink) + 0.05), 4.5) << cell[2];
  }
}

// One error in a hundred is a tenth of the scale, not a hundredth.
TEST(ConfusionChart, ShowsOneErrorInAHundred) {
  metric::ConfusionCounts counts{};
  counts[3] = {0, 0, 1, 99};
  EXPECT_NEAR(confusion_chart(counts, "t").data.at(0)[32][2], 0.1, 1e-12);
}

TEST(ConfusionChart, TitlesCannotBecomeCommands) {
  const Chart chart = confusion_chart(confusion(), "a\"`id`");
  EXPECT_TRUE(chart.commands.starts_with("set title \"a\\0042\\140id\\140\"\n")) << chart.commands;
}

TEST(WriteConfusionChart, DrawsAPng) {
  SVHN_NEEDS_GNUPLOT();
  const ChartFolder folder;
  const auto result = write_confusion_chart(folder / "c.png", confusion(), "t");
  ASSERT_EQ(result.status, ChartStatus::drawn) << result.message;
  EXPECT_EQ(png_size(folder / "c.png"), (PngSize{1100, 1000}));
}

TEST(WriteConfusionChart, ShowsTheCountsInAnSvg) {
  SVHN_NEEDS_GNUPLOT();
  const ChartFolder folder;
  metric::ConfusionCounts counts = confusion();
  counts[4][4] = 12345;
  ASSERT_EQ(write_confusion_chart(folder / "c.svg", counts, "t").status, ChartStatus::drawn);
  const std::string svg = core::read_text_file(folder / "c.svg", core::ExitCode::data, 1 << 22);
  EXPECT_NE(svg.find("12345"), std::string::npos);
}

/// Four predictions at 0.95, three of them right, and one right at 0.30; 15 bins are 1/15 wide.
metric::ReliabilityBins reliability() {
  metric::CalibrationMeter meter;
  for (const bool correct : {true, true, true, false}) meter.add(0.95, correct);
  meter.add(0.30, true);
  return meter.value();
}

// 0.30 lies in (4/15, 5/15], 0.95 in (14/15, 1]. Columns: middle, mean confidence, accuracy, share of images.
TEST(ReliabilityChart, SendsTheBinsThatHoldImages) {
  const Rows rows = reliability_chart(reliability(), "t").data.at(0);
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
  const Chart chart = reliability_chart(reliability(), "model");
  EXPECT_TRUE(chart.commands.starts_with("set title \"model\".\"\\n\".\"calibration error 0.3000\"\n"))
      << chart.commands;
}

/// Two right at 0.9, one wrong at 0.8, one right at 0.5.
metric::CoverageCurve coverage() {
  metric::CoverageMeter meter;
  meter.add(0.9, true);
  meter.add(0.8, false);
  meter.add(0.9, true);
  meter.add(0.5, true);
  return meter.value();
}

TEST(CoverageChart, SendsTheCurveAndMarksTheRejection) {
  const Chart chart = coverage_chart(coverage(), 0.7, "model");
  ASSERT_EQ(chart.data.size(), 2U);
  EXPECT_EQ(chart.data[0], (Rows{{0.5, 1.0}, {0.75, 2.0 / 3.0}, {1.0, 0.75}}));
  EXPECT_EQ(chart.data[1], (Rows{{0.75, 2.0 / 3.0}}));
  EXPECT_NE(chart.commands.find("title 'answers of at least 0.7'"), std::string::npos) << chart.commands;
  EXPECT_NE(chart.commands.find("set yrange [0.65:1]"), std::string::npos) << chart.commands;
  // (2 * 0 + 1/3 + 1/4) / 4
  EXPECT_NE(chart.commands.find("risk-coverage curve 0.1458"), std::string::npos) << chart.commands;
}

TEST(CoverageChart, HasNoMarkWhereNothingIsAnswered) {
  EXPECT_EQ(coverage_chart(coverage(), 0.95, "t").data.size(), 1U);
  EXPECT_EQ(coverage_chart(coverage(), std::nullopt, "t").data.size(), 1U);
}

TEST(WriteCoverageChart, DrawsAPng) {
  SVHN_NEEDS_GNUPLOT();
  const ChartFolder folder;
  const auto result = write_coverage_chart(folder / "c.png", coverage(), 0.7, "t");
  ASSERT_EQ(result.status, ChartStatus::drawn) << result.message;
  EXPECT_EQ(png_size(folder / "c.png"), (PngSize{1200, 800}));
}

TEST(WriteReliabilityChart, DrawsAPng) {
  SVHN_NEEDS_GNUPLOT();
  const ChartFolder folder;
  const auto result = write_reliability_chart(folder / "r.png", reliability(), "t");
  ASSERT_EQ(result.status, ChartStatus::drawn) << result.message;
  EXPECT_EQ(png_size(folder / "r.png"), (PngSize{1000, 1000}));
}

metric::Robustness robustness() {
  return {1, {1, 5}, {{"shot_noise", "noise"}, {"fog", "weather"}}, {"m", 0.05, {{0.04, 0.64}, {0.0, 0.16}}}};
}

// Rows: the errors with their mean; last the means. Columns: column, row, root of the error, percent, colour.
TEST(RobustnessChart, SendsErrorsAndMeans) {
  const Rows cells = robustness_chart(robustness(), "t").data.at(0);
  ASSERT_EQ(cells.size(), 9U);
  EXPECT_EQ(cells[0], (std::vector<double>{0, 0, 0.2, 4, 0}));
  EXPECT_EQ(cells[1], (std::vector<double>{1, 0, 0.8, 64, 0xffffff}));
  EXPECT_EQ(cells[3], (std::vector<double>{0, 1, 0, 0, 0x767676}));
  EXPECT_NEAR(cells[2][3], 34, 1e-12);
  EXPECT_NEAR(cells[8][3], 21, 1e-12);
}

TEST(RobustnessChart, NamesRowsColumnsAndTheCleanError) {
  const Chart chart = robustness_chart(robustness(), "model");
  EXPECT_TRUE(chart.commands.starts_with("set title \"model\".\"\\n\".\"clean error 5.00 \\0045\"\n"))
      << chart.commands;
  EXPECT_NE(chart.commands.find("set ytics scale 0 (\"shot noise\" 0, \"fog\" 1, \"mean\" 2)"),
            std::string::npos)
      << chart.commands;
  EXPECT_NE(chart.commands.find("set xtics scale 0 (\"1\" 0, \"5\" 1, \"mean\" 2)"), std::string::npos);
}

TEST(WriteRobustnessChart, DrawsAPng) {
  SVHN_NEEDS_GNUPLOT();
  const ChartFolder folder;
  const auto result = write_robustness_chart(folder / "r.png", robustness(), "t");
  ASSERT_EQ(result.status, ChartStatus::drawn) << result.message;
  EXPECT_EQ(png_size(folder / "r.png"), (PngSize{1100, 398}));
}

}  // namespace
}  // namespace svhn::report
