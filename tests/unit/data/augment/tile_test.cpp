#include "data/augment/tile.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "unit/data/augment/augment_test_picture.h"

namespace svhn::data {
namespace {

/// Small and large rotations, coordinates beyond every edge, integer shifts, and coordinates too far for
/// fixed point.
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

/// Bilinear interpolation reproduces it exactly, since it is linear in each of its arguments.
double bilinear(double y, double x) {
  return (y + 2.0 * x + x * y / 31.0) / 124.0;
}

/// Maps `at` into the image by mirroring at the outermost pixels, as often as needed.
double mirrored(double at) {
  while (at < -0.5 || at > 31.5) at = at < -0.5 ? -1.0 - at : 63.0 - at;
  return at;
}

AffineTransform transform_of(std::int64_t channels, const AffineMatrix& matrix, Fill fill) {
  return {{channels, 32, 32}, matrix, fill, 0.25F};
}

TEST(TransformTile, GivesThePictureAtEveryPlaceBroughtIntoTheImage) {
  for (const Fill fill : {Fill::nearest, Fill::reflect}) {
    int checked = 0;
    for (const AffineMatrix& m : matrices()) {
      const auto coordinates = fixed_coordinates(transform_of(1, m, fill));
      if (!coordinates) continue;
      ++checked;
      std::vector<float> picture;
      for (int i = 0; i < 1024; ++i) picture.push_back(static_cast<float>(bilinear(i / 32, i % 32)));
      transform_tile(picture.data(), 1, *coordinates);
      for (int i = 0; i < 1024; ++i) {
        const double row = m[0] * (i / 32) + m[1] * (i % 32) + m[2];
        const double column = m[3] * (i / 32) + m[4] * (i % 32) + m[5];
        const double y = std::clamp(fill == Fill::reflect ? mirrored(row) : row, 0.0, 31.0);
        const double x = std::clamp(fill == Fill::reflect ? mirrored(column) : column, 0.0, 31.0);
        ASSERT_NEAR(static_cast<double>(picture[static_cast<std::size_t>(i)]), bilinear(y, x), 5e-7) << i;
      }
    }
    EXPECT_GT(checked, 100);
  }
}

TEST(TransformRows, GivesWhatTilesGive) {
  for (const Fill fill : {Fill::nearest, Fill::reflect}) {
    for (const AffineMatrix& m : matrices()) {
      const AffineTransform transform = transform_of(3, m, fill);
      const auto coordinates = fixed_coordinates(transform);
      if (!coordinates) continue;
      auto one = test_picture({3, 32, 32}), other = one;
      transform_tile(one.data(), 3, *coordinates);
      transform_rows(other.data(), transform);
      for (std::size_t i = 0; i < one.size(); ++i) ASSERT_NEAR(one[i], other[i], 1e-6) << i;
    }
  }
}

TEST(FixedPlaces, HoldTheUsualTransformsAndNoneThatLeavesTheirRange) {
  const auto fits = [](const AffineMatrix& matrix, Fill fill = Fill::nearest) {
    return fixed_coordinates(transform_of(1, matrix, fill)).has_value();
  };
  // The last row is read at 31 + the shift, at most 31.999 beyond the middle (16).
  EXPECT_TRUE(fits({1, 0, 16.9, 0, 1, 0}));
  EXPECT_FALSE(fits({1, 0, 17.1, 0, 1, 0}));
  EXPECT_FALSE(fits({1, 0, 0, 0, 1, -16.1}));
  EXPECT_TRUE(fits({1, 0, -9000, 0, 90, 0}, Fill::reflect));  // A mirrored image has no end.
  EXPECT_FALSE(fits({1, 0, 2e6, 0, 1, 0}, Fill::reflect));
  // The side of a discontinuity must not depend on rounding.
  EXPECT_FALSE(fits({1, 0, 0, 0, 1, 0}, Fill::constant));
  EXPECT_FALSE(fits({1, 0, 0, 0, 1, 0}, Fill::wrap));
  const auto coordinates = fixed_coordinates(transform_of(1, {1, 0, 0, 0, 1, 0.25}, Fill::nearest));
  ASSERT_TRUE(coordinates);
  EXPECT_EQ(coordinates->row[16], 0U);
  EXPECT_EQ(coordinates->right[3], 3U << 26);
  EXPECT_EQ(coordinates->column[0], 0U - (63U << 24));  // 0.25 - 16 = -63/4.
}

TEST(WideTile, GivesTheBitsOfThePlainOne) {
  const WideTile* wide = wide_tile();
  if (wide == nullptr) GTEST_SKIP() << "this processor has no such registers";
  for (const std::int64_t channels : {1, 3, 4}) {
    for (const AffineMatrix& m : matrices()) {
      for (const Fill fill : {Fill::nearest, Fill::reflect, Fill::constant, Fill::wrap}) {
        const AffineTransform transform = transform_of(channels, m, fill);
        auto one = test_picture(transform.shape), other = one;
        const bool discontinuous = fill == Fill::constant || fill == Fill::wrap;
        const auto coordinates = fixed_coordinates(transform);
        if (!discontinuous && !coordinates) continue;
        if (discontinuous) {
          transform_rows(one.data(), transform);
          wide->discontinuous(other.data(), transform);
        } else {
          transform_tile(one.data(), channels, *coordinates);
          wide->continuous(other.data(), channels, *coordinates);
        }
        ASSERT_EQ(one, other) << static_cast<int>(fill);
      }
    }
  }
}

}  // namespace
}  // namespace svhn::data
