#include "report/images/image_grid.h"

#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <limits>
#include <opencv2/imgcodecs.hpp>
#include <opencv2/imgproc.hpp>

#include "core/error.h"
#include "unit/hostile_bytes.h"

namespace svhn::report {
namespace {

using Rgb = std::vector<int>;

Rgb colour_at(const Tile& tile, std::size_t place) {
  return {tile.rgb[3 * place], tile.rgb[3 * place + 1], tile.rgb[3 * place + 2]};
}

Tile plain(std::uint8_t red, std::uint8_t green, std::uint8_t blue, int side = 2) {
  Tile tile{side, side, {}};
  for (int i = 0; i < side * side; ++i) tile.rgb.insert(tile.rgb.end(), {red, green, blue});
  return tile;
}

class ImageGrid : public testing::Test {
 protected:
  [[nodiscard]] std::string path() const { return (folder_.path() / "grid.png").string(); }

  [[nodiscard]] cv::Mat draw(const std::vector<Tile>& tiles, const Grid& grid) const {
    write_image_grid(path(), tiles, grid);
    return cv::imread(path());
  }

  static std::int64_t count(const cv::Mat& sheet, const cv::Vec3b& bgr) {
    cv::Mat same;
    cv::inRange(sheet, bgr, bgr, same);
    return cv::countNonZero(same);
  }

  test::TemporaryFolder folder_;
};

TEST_F(ImageGrid, EnlargesEveryPixelToASquare) {
  Tile tile = plain(200, 10, 20);
  tile.rgb[0] = 0;  // One pixel of another colour.
  const cv::Mat sheet = draw({tile}, {.side = 64});
  EXPECT_EQ(count(sheet, {20, 10, 200}), 3 * 32 * 32);
  EXPECT_EQ(count(sheet, {20, 10, 0}), 32 * 32);
}

TEST_F(ImageGrid, FillsRowsFromTheLeft) {
  const cv::Mat sheet =
      draw({plain(255, 0, 0), plain(0, 255, 0), plain(0, 0, 255)}, {.columns = 2, .side = 16});
  cv::Mat places;
  const auto corner = [&](const cv::Vec3b& bgr) {
    cv::inRange(sheet, bgr, bgr, places);
    return cv::boundingRect(places);
  };
  const cv::Rect red = corner({0, 0, 255}), green = corner({0, 255, 0}), blue = corner({255, 0, 0});
  EXPECT_EQ(red.size(), cv::Size(16, 16));
  EXPECT_TRUE(red.y == green.y && red.x < green.x && blue.x == red.x && blue.y > red.y);
}

TEST_F(ImageGrid, MakesRoomForWords) {
  Tile tile = plain(0, 0, 0);
  const cv::Mat bare = draw({tile}, {.side = 32});
  tile.captions = {"Predicted 5", "Actual 3"};
  const cv::Mat captioned = draw({tile}, {.side = 32});
  const cv::Mat titled = draw({tile}, {.title = "A long title that is wider than the picture", .side = 32});
  EXPECT_GT(captioned.rows, bare.rows);
  EXPECT_GT(captioned.cols, bare.cols);
  EXPECT_GT(titled.rows, captioned.rows);
  EXPECT_GT(titled.cols, captioned.cols);
}

TEST_F(ImageGrid, BreaksATitleThatIsWiderThanTheSheet) {
  const auto sheet = [&](const std::string& title) {
    return draw({plain(0, 0, 0)}, {.title = title, .side = 32});
  };
  const std::string half = "words of a title that is broken into lines";
  const cv::Mat once = sheet(half), twice = sheet(half + " " + half + " " + half);
  EXPECT_GT(twice.rows, once.rows);
  EXPECT_LT(twice.cols, 2 * once.cols);
}

TEST_F(ImageGrid, KeepsTheImageBesideSmallWhereTheOthersAreLarge) {
  const cv::Mat sheet = draw({plain(0, 0, 255)}, {.side = 800, .beside = plain(255, 0, 0)});
  EXPECT_EQ(count(sheet, {0, 0, 255}), 160 * 160);
}

TEST_F(ImageGrid, CutsTheCaptionThatWouldMakeItHuge) {
  Tile tile = plain(0, 0, 0);
  tile.captions = {std::string(500, 'x')};
  EXPECT_LT(draw({tile}, {.side = 32}).cols, 400);
}

// Letters were drawn with bytes outside ASCII as '?', alike for all of them.
TEST_F(ImageGrid, WritesLettersOutsideOfAscii) {
  const cv::Mat one = draw({}, {.title = "ä"}).clone(), other = draw({}, {.title = "é"});
  ASSERT_EQ(one.rows, other.rows);
  const int width = std::min(one.cols, other.cols);
  const cv::Mat difference = one.colRange(0, width) != other.colRange(0, width);
  EXPECT_GT(cv::countNonZero(difference.reshape(1)), 0);
}

TEST_F(ImageGrid, HasAnImageBesideTheOthers) {
  const cv::Mat sheet =
      draw({plain(0, 0, 255), plain(0, 255, 0)}, {.columns = 1, .side = 16, .beside = plain(255, 0, 0)});
  EXPECT_GE(count(sheet, {0, 0, 255}), 16 * 16);
  cv::Mat red, blue;
  cv::inRange(sheet, cv::Vec3b(0, 0, 255), cv::Vec3b(0, 0, 255), red);
  cv::inRange(sheet, cv::Vec3b(255, 0, 0), cv::Vec3b(255, 0, 0), blue);
  EXPECT_LT(cv::boundingRect(red).br().x, cv::boundingRect(blue).x);
  EXPECT_EQ(cv::boundingRect(red).y, cv::boundingRect(blue).y);
}

TEST_F(ImageGrid, IsASheetOfWordsWithoutTiles) {
  const cv::Mat sheet = draw({}, {.title = "No mistakes"});
  EXPECT_GT(sheet.cols, 50);
  EXPECT_GT(count(sheet, {255, 255, 255}), 0);
}

TEST_F(ImageGrid, IsTheSameBytesAgain) {
  const auto bytes = [&] {
    write_image_grid(path(), std::vector<Tile>{plain(1, 2, 3)}, {.title = "t"});
    std::ifstream file(path(), std::ios::binary);
    return std::string(std::istreambuf_iterator<char>(file), {});
  };
  const std::string once = bytes();
  EXPECT_EQ(bytes(), once);
}

TEST_F(ImageGrid, RefusesWhatCannotBeLaidOut) {
  const auto refused = [&](const Tile& tile, const Grid& grid) {
    EXPECT_THROW(write_image_grid(path(), std::vector<Tile>{tile}, grid), core::Error);
  };
  Tile short_of_bytes = plain(0, 0, 0);
  short_of_bytes.rgb.pop_back();
  refused(short_of_bytes, {});
  refused({0, 0, {}}, {});
  refused(plain(0, 0, 0), {.columns = 0});
  refused(plain(0, 0, 0), {.side = 5000});
}

TEST(ColourMap, IsMatplotlibsViridisOverItsOwnRange) {
  const std::vector<float> values{-2.0F, 3.0F, 0.5F};
  const Tile tile = colour_map(values, 1, 3, ColourScale::viridis);
  // The first, the last and the 129th entry of matplotlib's table (_cm_listed.py), times 255.
  const std::vector<Rgb> expected{{68, 1, 84}, {253, 231, 37}, {33, 145, 140}};
  for (std::size_t i = 0; i < expected.size(); ++i) {
    for (std::size_t c = 0; c < 3; ++c)
      EXPECT_NEAR(colour_at(tile, i)[c], expected[i][c], 2) << i << " " << c;
  }
}

/// 10 x 10 values: 0 to 63 inside and a border of very large and very small ones, as padding makes it.
std::vector<float> padded_map() {
  std::vector<float> values;
  for (int y = 0; y < 10; ++y) {
    for (int x = 0; x < 10; ++x) {
      const bool border = x == 0 || x == 9 || y == 0 || y == 9;
      const auto inside = static_cast<float>((y - 1) * 8 + x - 1);
      values.push_back(border ? (y == 0 ? -900.0F : 900.0F) : inside);
    }
  }
  return values;
}

// The 64 values 0..63: percentile 2 is 0.02 * 63 = 1.26, percentile 98 is 61.74.
TEST(InnerRange, LeavesOutTheBorderAndTwoPercentAtEachEnd) {
  const auto [low, high] = inner_range(padded_map(), 10, 10);
  EXPECT_NEAR(low, 1.26, 1e-5);
  EXPECT_NEAR(high, 61.74, 1e-5);
}

TEST(InnerRange, IsTheWholeRangeWhereNearlyAllValuesAreEqual) {
  std::vector<float> values(100, 0.0F);
  values[55] = 3.0F;
  EXPECT_EQ(inner_range(values, 10, 10), std::pair(0.0, 3.0));
}

TEST(InnerRange, KeepsTheBorderOfSmallMapsAndTakesAnyNumbers) {
  const std::vector<float> four{0.0F, 100.0F, std::nanf(""), 50.0F};
  const auto [low, high] = inner_range(four, 2, 2);
  EXPECT_NEAR(low, 2.0, 1e-5);  // 0.02 * 2 of the way from 0 over 50 to 100.
  EXPECT_NEAR(high, 98.0, 1e-5);
  const std::vector<float> none{std::nanf("")};
  EXPECT_EQ(colour_at(colour_map(none, 1, 1, ColourScale::viridis_inner), 0), (Rgb{128, 128, 128}));
}

TEST(ColourMap, SpendsItsColoursOnWhatIsInsideTheBorder) {
  const Tile tile = colour_map(padded_map(), 10, 10, ColourScale::viridis_inner);
  const Tile whole = colour_map(padded_map(), 10, 10, ColourScale::viridis);
  const auto spread = [](const Tile& map) { return std::abs(colour_at(map, 11)[0] - colour_at(map, 88)[0]); };
  EXPECT_GT(spread(tile), 150);
  EXPECT_LT(spread(whole), 20);
  EXPECT_EQ(colour_at(tile, 0), colour_at(whole, 0));  // The border itself has the colours of the ends.
}

TEST(ColourMap, GivesEqualValuesTheLowestColour) {
  const std::vector<float> values{7.0F, 7.0F};
  const Tile tile = colour_map(values, 2, 1, ColourScale::viridis);
  EXPECT_NEAR(colour_at(tile, 0)[2], 84, 2);
  EXPECT_EQ(colour_at(tile, 0), colour_at(tile, 1));
}

TEST(ColourMap, DrawsNumbersThatAreNoneGrey) {
  const std::vector<float> values{std::numeric_limits<float>::quiet_NaN(), 0.0F, 1.0F};
  EXPECT_EQ(colour_at(colour_map(values, 1, 3, ColourScale::viridis), 0), (Rgb{128, 128, 128}));
}

TEST(ColourMap, DivergesFromWhiteAtZero) {
  const std::vector<float> values{-1.0F, 0.0F, 2.0F, 1.0F};
  const Tile tile = colour_map(values, 2, 2, ColourScale::diverging);
  EXPECT_EQ(colour_at(tile, 2), (Rgb{178, 24, 43}));
  for (const int part : colour_at(tile, 1)) EXPECT_GE(part, 250);
  EXPECT_GT(colour_at(tile, 0)[2], colour_at(tile, 0)[0]);  // Blue.
  EXPECT_GT(colour_at(tile, 3)[0], colour_at(tile, 3)[2]);  // Red.
  const std::vector<float> zeros{0.0F};
  EXPECT_EQ(colour_at(colour_map(zeros, 1, 1, ColourScale::diverging), 0), (Rgb{255, 255, 255}));
}

TEST(HeatOver, ShowsThePictureInGreyUnderTheHeat) {
  const std::vector<float> heat{0.0F, 0.0F, 0.0F, 4.0F};
  const Tile tile = heat_over(plain(255, 0, 0), heat);
  const Rgb cold = colour_at(tile, 0), hot = colour_at(tile, 3);
  EXPECT_NEAR(cold[0], 0.75 * 0.299 * 255, 3);  // Inferno begins almost black.
  EXPECT_NEAR(cold[0], cold[1], 3);
  EXPECT_GT(hot[0], cold[0] + 80);
}

TEST(ColourMap, RefusesNumbersThatDoNotFit) {
  const std::vector<float> values{1.0F, 2.0F};
  EXPECT_THROW(colour_map(values, 1, 3, ColourScale::viridis), core::Error);
  EXPECT_THROW(heat_over(plain(0, 0, 0), values), core::Error);
}

}  // namespace
}  // namespace svhn::report
