#include "../../../src/data/augment_nearest.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "augment_test_picture.h"

namespace svhn::data {
namespace {

/// Small and large turns, places beyond every edge, whole pixels, and some too far for fixed places.
std::vector<AffineMatrix> matrices() {
  std::vector<AffineMatrix> found;
  for (const double degrees : {0.0, 0.7, -7.0, 15.0, 45.0, 90.0, -133.0, 180.0}) {
    for (const double shift : {0.0, 3.0, -9.37, 14.0, 300.0}) {
      for (const double zoom : {1.0, 0.1, 0.85, 1.15, 1.9}) {
        found.push_back(affine_matrix({degrees, shift, -shift / 2, 5.0, zoom, 2.0 - zoom}, 32, 32));
      }
    }
  }
  return found;
}

/// Between pixels it is what interpolation makes of it, being linear in each of its arguments.
double bilinear(double y, double x) {
  return (y + 2.0 * x + x * y / 31.0) / 124.0;
}

TEST(TransformNearest, GivesThePictureAtEveryPlaceHeldToTheImage) {
  for (const AffineMatrix& m : matrices()) {
    std::vector<float> picture;
    for (int i = 0; i < 1024; ++i) picture.push_back(static_cast<float>(bilinear(i / 32, i % 32)));
    transform_nearest(picture.data(), {1, 32, 32}, m);
    for (int i = 0; i < 1024; ++i) {
      const double y = std::clamp(m[0] * (i / 32) + m[1] * (i % 32) + m[2], 0.0, 31.0);
      const double x = std::clamp(m[3] * (i / 32) + m[4] * (i % 32) + m[5], 0.0, 31.0);
      ASSERT_NEAR(static_cast<double>(picture[static_cast<std::size_t>(i)]), bilinear(y, x), 5e-7) << i;
    }
  }
}

TEST(FixedPlaces, HoldTheUsualTransformsAndNoneThatLeavesTheirRange) {
  // The last row is read at 31 + the shift, at most 31.999 beyond the middle (16).
  EXPECT_TRUE(fixed_places({1, 0, 16.9, 0, 1, 0}));
  EXPECT_FALSE(fixed_places({1, 0, 17.1, 0, 1, 0}));
  EXPECT_FALSE(fixed_places({1, 0, 0, 0, 1, -16.1}));
  const auto places = fixed_places({1, 0, 0, 0, 1, 0.25});
  ASSERT_TRUE(places);
  EXPECT_EQ(places->row[16], 0U);
  EXPECT_EQ(places->right[3], 3U << 26);
  EXPECT_EQ(places->column[0], 0U - (63U << 24));  // 0.25 - 16 = -63/4.
}

TEST(WideTileTransform, GivesTheBitsOfThePlainOne) {
  const TileTransform wide = wide_tile_transform();
  if (wide == nullptr) GTEST_SKIP() << "this processor has no such registers";
  for (const std::int64_t channels : {1, 3, 4}) {
    for (const AffineMatrix& m : matrices()) {
      const auto places = fixed_places(m);
      if (!places) continue;
      auto one = test_picture({channels, 32, 32}), other = one;
      transform_tile(one.data(), channels, *places);
      wide(other.data(), channels, *places);
      ASSERT_EQ(one, other);
    }
  }
}

}  // namespace
}  // namespace svhn::data
