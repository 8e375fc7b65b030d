#include "inference/views.h"

#include <gtest/gtest.h>

#include <set>
#include <utility>

#include "core/error.h"

namespace svhn::inference {
namespace {

TEST(ViewsOf, GivesTheImageOneHalfAndSharesTheRestAmongItsShifts) {
  for (const int count : {3, 5, 9, 25}) {
    const auto views = views_of(count);
    ASSERT_EQ(views.size(), static_cast<std::size_t>(count));
    EXPECT_EQ(std::pair(views[0].right, views[0].down), std::pair(0, 0));
    EXPECT_EQ(views[0].weight, 0.5);
    std::set<std::pair<int, int>> places;
    double sum = 0.0;
    for (const View& view : views) {
      places.emplace(view.right, view.down);
      sum += view.weight;
    }
    EXPECT_EQ(places.size(), views.size());
    EXPECT_NEAR(sum, 1.0, 1e-15);
    EXPECT_EQ(views[1].weight, views.back().weight);
    EXPECT_EQ(places.begin()->first, count == 25 ? -2 : -1);
  }
}

TEST(ViewsOf, IsTheImageAloneForOneView) {
  const auto views = views_of(1);
  ASSERT_EQ(views.size(), 1U);
  EXPECT_EQ(views[0].weight, 1.0);
}

TEST(ViewsOf, TakesThePapersDiagonalForThree) {
  const auto views = views_of(3);
  EXPECT_EQ(std::pair(views[1].right, views[1].down), std::pair(-1, -1));
  EXPECT_EQ(std::pair(views[2].right, views[2].down), std::pair(1, 1));
}

TEST(ViewsOf, RefusesOtherNumbers) {
  EXPECT_THROW(views_of(2), core::Error);
}

TEST(ShiftImage, ReflectsTheBorder) {
  // Three rows of four pixels; all three channels of a pixel are its number.
  std::vector<std::uint8_t> image, shifted(36);
  for (std::uint8_t i = 0; i < 12; ++i) image.insert(image.end(), 3, i);
  const auto numbers = [&](int right, int down) {
    shift_image(image, {3, 4}, {right, down}, shifted);
    std::vector<int> result;
    for (std::size_t i = 0; i < 12; ++i) {
      EXPECT_EQ(shifted[3 * i], shifted[3 * i + 2]);
      result.push_back(shifted[3 * i]);
    }
    return result;
  };
  EXPECT_EQ(numbers(0, 0), (std::vector<int>{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11}));
  // To the right by 2: columns 2 1 0 1, as numpy.pad(mode="reflect") gives them.
  EXPECT_EQ(numbers(2, 0), (std::vector<int>{2, 1, 0, 1, 6, 5, 4, 5, 10, 9, 8, 9}));
  // To the left by 1: columns 1 2 3 2. Up by 2: rows 2 1 0.
  EXPECT_EQ(numbers(-1, -2), (std::vector<int>{9, 10, 11, 10, 5, 6, 7, 6, 1, 2, 3, 2}));
}

TEST(ShiftImage, KeepsAnImageOfOnePixel) {
  const std::vector<std::uint8_t> image{7, 8, 9};
  std::vector<std::uint8_t> shifted(3);
  shift_image(image, {1, 1}, {2, -1}, shifted);
  EXPECT_EQ(shifted, image);
}

}  // namespace
}  // namespace svhn::inference
