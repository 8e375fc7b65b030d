#include "data/resize.h"

#include <gtest/gtest.h>

#include "core/error.h"

namespace svhn::data {
namespace {

using Bytes = std::vector<std::uint8_t>;

/// An RGB image whose red is `reds`, green 255 - red, blue 7.
Bytes image_of(const Bytes& reds) {
  Bytes image;
  for (const std::uint8_t red : reds)
    image.insert(image.end(), {red, static_cast<std::uint8_t>(255 - red), std::uint8_t{7}});
  return image;
}

Bytes resize(ImageSides from, ImageSides to, const Bytes& image) {
  Bytes resized(to.bytes());
  Resizer(from, to)(image, resized);
  return resized;
}

TEST(Resizer, KeepsAnImageOfTheSameSize) {
  const Bytes image = image_of({1, 2, 3, 250, 251, 252});
  EXPECT_EQ(resize({2, 3}, {2, 3}, image), image);
}

// Between the centres, by hand: a pixel of half the size lies a quarter of a pixel beside the source's.
TEST(Resizer, IsLinearWhereASideGrows) {
  EXPECT_EQ(resize({1, 2}, {1, 4}, image_of({0, 100})), image_of({0, 25, 75, 100}));
  EXPECT_EQ(resize({2, 1}, {4, 1}, image_of({0, 100})), image_of({0, 25, 75, 100}));
  EXPECT_EQ(resize({2, 2}, {4, 2}, image_of({0, 40, 80, 160})), image_of({0, 40, 20, 70, 60, 130, 80, 160}));
}

// Means over areas, by hand; 4 pixels in 3 cover 4/3 pixels each.
TEST(Resizer, TakesMeansOfAreasWhereBothSidesShrink) {
  EXPECT_EQ(resize({2, 2}, {1, 1}, image_of({0, 10, 20, 50})), image_of({20}));
  EXPECT_EQ(resize({1, 4}, {1, 3}, image_of({0, 40, 80, 200})), image_of({10, 60, 170}));
  EXPECT_EQ(resize({4, 1}, {3, 1}, image_of({0, 40, 80, 200})), image_of({10, 60, 170}));
}

TEST(Resizer, IsLinearWhereOneSideGrowsAndOneShrinks) {
  // Down to one row: its centre lies between the two rows.
  EXPECT_EQ(resize({2, 2}, {1, 4}, image_of({0, 100, 100, 200})), image_of({50, 75, 125, 150}));
}

TEST(Resizer, KeepsConstantImagesConstant) {
  for (const std::int64_t side : {1, 7, 28, 31, 33, 40, 64, 224}) {
    const Bytes digit = image_of(Bytes(1024, 255));
    EXPECT_EQ(resize({}, {side, side}, digit), image_of(Bytes(static_cast<std::size_t>(side * side), 255)))
        << side;
  }
}

TEST(Resizer, RefusesImagesOfOtherSizes) {
  const Resizer resizer({}, {28, 28});
  Bytes digit(3072), small(28 * 28 * 3), other(3071);
  EXPECT_THROW(resizer(digit, other), core::Error);
  EXPECT_THROW(resizer(other, small), core::Error);
}

}  // namespace
}  // namespace svhn::data
