#include "report/charts/map.h"

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <limits>
#include <vector>

#include "core/error.h"
#include "unit/report/charts/chart_files.h"

namespace svhn::report {
namespace {

constexpr std::array<float, 8> kPositions{0, 0, 4, 2, 8, 1, 1, 1};
constexpr std::array<std::uint8_t, 4> kClasses{0, 0, 0, 9};

// 40 times the same points. Class 0 is digit 1: three of its points lie around (10, 10), two at the other end
// of the map; the middle one is (10.1, 10). Class 9 is digit 0, at one place.
TEST(MapChart, NamesEachDigitWhereItsPointsAreDensest) {
  std::vector<float> positions;
  std::vector<std::uint8_t> classes;
  for (int i = 0; i < 40; ++i) {
    positions.insert(positions.end(), {0, 0, 0.1F, 0, 10, 9.9F, 10.1F, 10, 10.2F, 10.1F, 5, 3});
    classes.insert(classes.end(), {0, 0, 0, 0, 0, 9});
  }
  const Rows names = map_chart({positions, classes}, "t").data.back();
  ASSERT_EQ(names.size(), 2U);
  EXPECT_NEAR(names[0][0], 10.1, 1e-6);
  EXPECT_NEAR(names[0][1], 10.0, 1e-6);
  EXPECT_EQ(names[0][2], 1.0);
  EXPECT_EQ(names[1], (std::vector<double>{5, 3, 0}));
}

// 1010 pixels are 1.06 times the 10 of the widest range, a name has 38 of them: 0.3988.
constexpr double kNameSpace = 38.0 / 1010 * 10 * 1.06, kAbove = 26.0 / 1010 * 10 * 1.06;

TEST(MapChart, PushesNamesApartThatWouldOverlap) {
  const std::array<float, 12> positions{0, 0, 5, 5, 5, 5, 5.1F, 5, 10, 10, 5, 5.05F};
  const std::array<std::uint8_t, 6> classes{0, 1, 2, 3, 4, 5};
  const Rows names = map_chart({positions, classes}, "t").data.back();
  ASSERT_EQ(names.size(), 6U);
  for (std::size_t a = 0; a < names.size(); ++a) {
    for (std::size_t b = a + 1; b < names.size(); ++b) {
      EXPECT_GE(std::hypot(names[a][0] - names[b][0], names[a][1] - names[b][1]), 0.999 * kNameSpace)
          << a << b;
    }
  }
  for (const std::size_t near : {1U, 2U, 3U, 5U})
    EXPECT_LE(std::hypot(names[near][0] - 5, names[near][1] - 5), 3 * kNameSpace) << near;
  EXPECT_EQ(names[0][0], 0.0);
  EXPECT_EQ(names[0][2], 1.0);
}

// A name on one of few points would hide it.
TEST(MapChart, OfFewPointsHasItsNamesAboveThem) {
  const std::array<float, 4> positions{0, 0, 10, 10};
  const std::array<std::uint8_t, 2> classes{0, 1};
  const Rows names = map_chart({positions, classes}, "t").data.back();
  for (const auto& name : names) EXPECT_NEAR(name[1], name[0] + kAbove, 1e-9);
}

TEST(MapChart, WritesEachNameInBlackOnAWhiteHalo) {
  const Chart chart = map_chart({kPositions, kClasses}, "t");
  const std::size_t white = chart.commands.find("textcolor rgb '#ffffff' offset character "),
                    black = chart.commands.find("textcolor rgb '#000000'");
  EXPECT_LT(white, black);
  EXPECT_NE(black, std::string::npos);
  EXPECT_EQ(chart.commands.find("textcolor rgb '#ffffff'", black), std::string::npos);
}

// The sources are the ten classes of the map behind, then points and legend of each class.
TEST(MapChart, DrawsTheMapBehindPaleAndFirst) {
  const std::array<float, 4> old{-100, 0, 100, 0};
  const std::array<std::uint8_t, 2> classes{0, 1};
  const Chart chart = map_chart({kPositions, kClasses}, "t", {old, classes});
  EXPECT_EQ(chart.data.at(0), (Rows{{-100, 0}}));
  EXPECT_EQ(chart.data.at(1), (Rows{{100, 0}}));
  EXPECT_EQ(chart.data.at(10), (Rows{{0, 0}, {4, 2}, {8, 1}}));
  EXPECT_LT(chart.commands.find("rgb '#d0332288'"), chart.commands.find("rgb '#40332288'"));
  EXPECT_NE(chart.commands.find("set xrange [-106:106]"), std::string::npos) << chart.commands;
}

TEST(MapChart, HasALegendOfTheDigitsOneToNineAndZero) {
  const std::string commands = map_chart({kPositions, kClasses}, "t").commands;
  std::size_t at = 0;
  for (const char* digit : {"1", "2", "3", "4", "5", "6", "7", "8", "9", "0"}) {
    at = commands.find(" title '" + std::string(digit) + "'", at + 1);
    EXPECT_NE(at, std::string::npos) << digit;
  }
}

TEST(MapChart, LeavesOutPointsThatAreNotFinite) {
  std::array<float, 8> positions = kPositions;
  positions[0] = std::numeric_limits<float>::quiet_NaN();
  EXPECT_EQ(map_chart({positions, kClasses}, "t").data.at(0), (Rows{{4, 2}, {8, 1}}));
}

TEST(MapChart, RefusesMapsThatDoNotFitTheirLabels) {
  const std::array<std::uint8_t, 4> wrong{0, 0, 0, 10};
  EXPECT_THROW(map_chart({kPositions, wrong}, "t"), core::Error);
  EXPECT_THROW(map_chart({std::span(kPositions).first(6), kClasses}, "t"), core::Error);
  EXPECT_THROW(map_chart({{}, {}}, "t"), core::Error);
}

// Twelve images of one digit around (0, 0), at some distance from each other, and two that lie together
// elsewhere.
TEST(MapChart, OfFewPointsIsNotMisledByTwoThatAreNear) {
  std::vector<float> positions{100, 100, 100, 100};
  for (const float x : {-9.0F, -3.0F, 3.0F, 9.0F}) {
    for (const float y : {-8.0F, 0.0F, 8.0F}) positions.insert(positions.end(), {x, y});
  }
  const std::vector<std::uint8_t> classes(14, 0);
  const Rows names = map_chart({positions, classes}, "t").data.back();
  EXPECT_LT(std::hypot(names.at(0)[0], names.at(0)[1]), 15.0);
}

// Both axes have one scale: the range of y is 212 of 560 / 1010.
TEST(MapChart, HasOneScaleForBothAxes) {
  const std::array<float, 4> flat{-100, 0, 100, 0};
  const std::array<std::uint8_t, 2> classes{0, 1};
  const Chart chart = map_chart({flat, classes}, "t");
  const auto number = [&](const std::string& before) {
    return std::stod(chart.commands.substr(chart.commands.find(before) + before.size()));
  };
  EXPECT_NEAR(number("set xrange ["), -106.0, 1e-6);
  EXPECT_NEAR(number("set yrange ["), -106.0 * 560 / 1010, 1e-6);
}

TEST(WriteMapChart, DrawsAPngThoughDigitsAreMissing) {
  SVHN_NEEDS_GNUPLOT();
  const ChartFolder folder;
  const auto result = write_map_chart(folder / "m.png", {kPositions, kClasses}, "t");
  ASSERT_EQ(result.status, ChartStatus::drawn) << result.message;
  EXPECT_EQ(png_size(folder / "m.png"), (PngSize{16 + 1010 + 94, 16 + 560 + 100}));
}

}  // namespace
}  // namespace svhn::report
