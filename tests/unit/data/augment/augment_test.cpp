#include "data/augment/augment.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "core/error.h"
#include "unit/data/augment/augment_test_picture.h"

namespace svhn::data {
namespace {

constexpr ImageShape kShape{3, 32, 32};
constexpr PixelRange kUnit{};

AugmentOptions everything() {
  AugmentOptions o;
  o.rotation_degrees = 15, o.width_shift = 0.1, o.height_shift = 0.2, o.shear_degrees = 5, o.zoom = 0.15;
  o.horizontal_flip = o.vertical_flip = true;
  o.brightness = 0.3, o.channel_shift = 0.1;
  o.random_crop = 4, o.cutout = 8, o.colour_ops = 2;
  o.contrast = 0.2, o.randaugment = 1, o.random_erasing = 0.5;
  return o;
}

std::vector<float> augmented(const AugmentOptions& options, const AugmentKey& key) {
  auto picture = test_picture(kShape);
  augment_image(picture, kShape, options, kUnit, key);
  return picture;
}

std::vector<float> changed(std::vector<float> pixels, const ImageShape& shape, const AugmentOptions& options,
                           const AugmentParameters& parameters) {
  apply_parameters(pixels, shape, options, kUnit, parameters);
  return pixels;
}

TEST(AugmentImage, DependsOnSeedPassAndRowAlone) {
  const auto first = augmented(everything(), {1, 2, 3});
  augmented(everything(), {7, 7, 7});
  EXPECT_EQ(augmented(everything(), {1, 2, 3}), first);
  EXPECT_NE(augmented(everything(), {2, 2, 3}), first);
  EXPECT_NE(augmented(everything(), {1, 3, 3}), first);
  EXPECT_NE(augmented(everything(), {1, 2, 4}), first);
  EXPECT_NE(augmented(everything(), {1, 3, 2}), first);
}

TEST(AugmentImage, ChangesNoBitWhenEverythingIsOff) {
  EXPECT_EQ(augmented({}, {1, 2, 3}), test_picture(kShape));
}

TEST(DrawParameters, FillTheirRangesEvenly) {
  const AugmentOptions options = everything();
  double low = 1e9, high = -1e9, rows = 0, columns = 0, zoom = 0, sum = 0;
  std::int64_t flips = 0, crop = 0;
  constexpr int kDraws = 2000;
  for (int row = 0; row < kDraws; ++row) {
    const auto p = draw_parameters(options, kShape, {1, 0, row});
    low = std::min(low, p.affine.rotation_degrees), high = std::max(high, p.affine.rotation_degrees);
    rows = std::max(rows, std::abs(p.affine.shift_rows));
    columns = std::max(columns, std::abs(p.affine.shift_columns));
    zoom = std::max(zoom, std::abs(p.affine.zoom_rows - 1.0));
    sum += p.brightness;
    flips += p.flip_horizontal ? 1 : 0;
    crop = std::max(crop, p.crop_rows);
    EXPECT_NE(p.affine.zoom_rows, p.affine.zoom_columns);
  }
  EXPECT_TRUE(low >= -15.0 && low < -14.9 && high <= 15.0 && high > 14.9);
  EXPECT_TRUE(rows <= 6.4 && rows > 6.3);        // 0.2 of 32.
  EXPECT_TRUE(columns <= 3.2 && columns > 3.1);  // 0.1 of 32.
  EXPECT_TRUE(zoom <= 0.15 && zoom > 0.149);
  EXPECT_NEAR(sum / kDraws, 1.0, 4 * 0.3 / std::sqrt(3.0 * kDraws));
  EXPECT_NEAR(static_cast<double>(flips), kDraws / 2.0, 4 * std::sqrt(kDraws / 4.0));
  EXPECT_EQ(crop, 4);
}

TEST(DrawParameters, StayWhenOtherOptionsAreSwitchedOn) {
  AugmentOptions rotation;
  rotation.rotation_degrees = 15;
  const auto alone = draw_parameters(rotation, kShape, {5, 6, 7});
  const auto all = draw_parameters(everything(), kShape, {5, 6, 7});
  EXPECT_EQ(alone.affine.rotation_degrees, all.affine.rotation_degrees);
  EXPECT_EQ(alone.cutout_row, all.cutout_row);
  EXPECT_FALSE(alone.flip_horizontal || alone.flip_vertical);
  EXPECT_EQ(alone.brightness, 1.0);
  EXPECT_EQ(alone.affine.zoom_rows, 1.0);
  EXPECT_EQ(alone.affine.shift_rows, 0.0);
}

TEST(ApplyParameters, FlipsColumnsAndRows) {
  const std::vector<float> pixels{1, 2, 3, 4, 5, 6, -1, -2, -3, -4, -5, -6};  // [2,2,3]
  AugmentParameters p;
  p.flip_horizontal = true;
  EXPECT_EQ(changed(pixels, {2, 2, 3}, {}, p),
            (std::vector<float>{3, 2, 1, 6, 5, 4, -3, -2, -1, -6, -5, -4}));
  p = {};
  p.flip_vertical = true;
  EXPECT_EQ(changed(pixels, {2, 2, 3}, {}, p),
            (std::vector<float>{4, 5, 6, 1, 2, 3, -4, -5, -6, -1, -2, -3}));
}

TEST(ApplyParameters, AddsOneNumberToAllChannelsWithinTheImagesExtremes) {
  AugmentParameters p;
  p.channel_shift = 1.5;
  EXPECT_EQ(changed({0, 1, 2, 3, 4, 5}, {3, 1, 2}, {}, p), (std::vector<float>{1.5, 2.5, 3.5, 4.5, 5, 5}));
}

TEST(ApplyParameters, CropsOutOfThePaddedImage) {
  const std::vector<float> row{1, 2, 3, 4};
  const ImageShape shape{1, 1, 4};
  AugmentOptions options;
  options.fill_value = 9.0;
  AugmentParameters p;
  const auto cropped = [&](std::int64_t columns, Fill fill) {
    p.crop_columns = columns;
    options.fill = fill;
    return changed(row, shape, options, p);
  };
  EXPECT_EQ(cropped(2, Fill::nearest), (std::vector<float>{3, 4, 4, 4}));
  EXPECT_EQ(cropped(2, Fill::constant), (std::vector<float>{3, 4, 9, 9}));
  EXPECT_EQ(cropped(-2, Fill::reflect), (std::vector<float>{2, 1, 1, 2}));
  EXPECT_EQ(cropped(2, Fill::wrap), (std::vector<float>{3, 4, 1, 2}));
  p = {};
  p.crop_rows = 1;
  EXPECT_EQ(changed({1, 2, 3, 4, 5, 6, 7, 8}, {2, 2, 2}, {}, p),
            (std::vector<float>{3, 4, 3, 4, 7, 8, 7, 8}));
}

TEST(ApplyParameters, CutsASquareOutOfEveryChannel) {
  AugmentOptions options;
  options.cutout = 2;
  AugmentParameters p;
  p.cutout_row = 1, p.cutout_column = 2;  // Rows 0..1, columns 1..2.
  EXPECT_EQ(changed(std::vector<float>(18, 1.0F), {2, 3, 3}, options, p),
            (std::vector<float>{1, 0, 0, 1, 0, 0, 1, 1, 1, 1, 0, 0, 1, 0, 0, 1, 1, 1}));
  p.cutout_row = 0, p.cutout_column = 0;  // Rows and columns -1..0: the border cuts the square.
  EXPECT_EQ(changed({1, 1, 1, 1}, {1, 2, 2}, options, p), (std::vector<float>{0, 1, 1, 1}));
}

TEST(ApplyParameters, FollowsTheStatedOrder) {
  AugmentParameters p;
  p.affine.shift_columns = 1.0;
  p.flip_horizontal = true;
  // The transform first: {2, 3, 3}, then the flip.
  EXPECT_EQ(changed({1, 2, 3}, {1, 1, 3}, {}, p), (std::vector<float>{3, 3, 2}));
  p = {};
  p.brightness = 0.5;
  p.colour = {{ColourOp::invert, 0.0}};
  // Brightness first: 1 - 0.5 v; the other way round would be 0.5 (1 - v).
  EXPECT_EQ(changed({0, 1}, {1, 1, 2}, {}, p), (std::vector<float>{1.0, 0.5}));
}

TEST(ApplyParameters, RefusesPixelsThatDoNotFit) {
  EXPECT_THROW(changed({1, 2, 3}, {1, 2, 2}, {}, {}), core::Error);
}

TEST(AugmentHook, MakesTheViewOfItsPass) {
  const SplitStatistics statistics;
  const PreprocessPlan plan({{}, statistics}, statistics);
  auto hooked = test_picture(kShape);
  augment_hook(everything(), plan, 3, 8)(hooked, 41);
  EXPECT_EQ(hooked, augmented(everything(), {3, 8, 41}));
}

}  // namespace
}  // namespace svhn::data
