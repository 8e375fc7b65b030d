#include "data/augment/erasing.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

namespace svhn::data {
namespace {

constexpr ImageShape kErasingShape{3, 32, 32};

AugmentOptions erasing_options(double probability, double area = 0.4, bool noise = false) {
  AugmentOptions options;
  options.random_erasing = probability, options.random_erasing_area = area;
  options.random_erasing_noise = noise;
  return options;
}

TEST(DrawErasing, HasProbabilityAreaAndShapeOfThePaper) {
  core::CounterRandom random(5, 6);
  int drawn = 0, flat = 0;
  double area = 0.0;
  constexpr int kDraws = 8000;
  for (int i = 0; i < kDraws; ++i) {
    const auto erasing = draw_erasing(random, erasing_options(0.25), kErasingShape);
    if (!erasing) continue;
    const Rectangle& r = erasing->area;
    ASSERT_TRUE(r.top >= 0 && r.left >= 0 && r.height > 0 && r.width > 0);
    ASSERT_TRUE(r.top + r.height <= 32 && r.left + r.width <= 32);
    const auto ratio = static_cast<double>(r.height) / static_cast<double>(r.width);
    // The sides are rounded to whole pixels; the smallest are 2.5 and 8.3.
    ASSERT_TRUE(ratio > 0.2 && ratio < 5.0) << ratio;
    ++drawn, flat += r.height < r.width ? 1 : 0;
    area += static_cast<double>(r.height * r.width) / 1024.0;
    EXPECT_FALSE(erasing->noise);
  }
  EXPECT_NEAR(drawn, 2000, 4 * std::sqrt(kDraws * 0.25 * 0.75));
  EXPECT_NEAR(area / drawn, 0.21, 0.015);
  EXPECT_NEAR(static_cast<double>(flat) / drawn, 0.47, 0.06);  // Squares are not counted.
}

TEST(DrawErasing, StaysWithinTheLargestArea) {
  core::CounterRandom random(5, 6);
  for (int i = 0; i < 1000; ++i) {
    const auto erasing = draw_erasing(random, erasing_options(1.0, 0.05), kErasingShape);
    ASSERT_TRUE(erasing);
    EXPECT_LE(erasing->area.height * erasing->area.width, 0.05 * 1024 * 1.3);  // Sides are rounded.
  }
}

TEST(DrawErasing, IsOffAtProbabilityZero) {
  core::CounterRandom random(5, 6);
  for (int i = 0; i < 100; ++i) EXPECT_FALSE(draw_erasing(random, erasing_options(0.0), kErasingShape));
}

TEST(Erase, FillsTheRectangleOfEveryChannelAlone) {
  const ImageShape shape{2, 3, 4};
  std::vector<float> picture(shape.numbers(), 1.0F);
  erase(picture, shape, {{1, 2, 2, 1}, std::nullopt});
  const std::vector<float> plane{1, 1, 1, 1, 1, 1, 0, 1, 1, 1, 0, 1};
  std::vector<float> wanted = plane;
  wanted.insert(wanted.end(), plane.begin(), plane.end());
  EXPECT_EQ(picture, wanted);
}

TEST(Erase, FillsWithStandardNormalNumbersOfItsSeed) {
  const auto filled = [](std::uint64_t seed) {
    std::vector<float> picture(kErasingShape.numbers(), 7.0F);
    erase(picture, kErasingShape, {{0, 0, 32, 32}, seed});
    return picture;
  };
  const auto first = filled(1);
  EXPECT_EQ(filled(1), first);
  EXPECT_NE(filled(2), first);
  double sum = 0.0, squares = 0.0;
  for (const float x : first) sum += x, squares += static_cast<double>(x) * x;
  const auto n = static_cast<double>(first.size());
  EXPECT_NEAR(sum / n, 0.0, 0.08);
  EXPECT_NEAR(squares / n, 1.0, 0.11);
}

}  // namespace
}  // namespace svhn::data
