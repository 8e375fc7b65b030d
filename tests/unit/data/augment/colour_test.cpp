#include "data/augment/colour.h"

#include <gtest/gtest.h>

#include <set>

#include "core/error.h"
#include "unit/data/augment/augment_test_picture.h"

namespace svhn::data {
namespace {

constexpr PixelRange kColourUnit{};

void expect_near(const std::vector<float>& got, const std::vector<double>& wanted) {
  ASSERT_EQ(got.size(), wanted.size());
  for (std::size_t i = 0; i < got.size(); ++i) EXPECT_NEAR(got[i], wanted[i], 1e-6) << i;
}

/// A grey image of one row.
std::vector<float> grey_row(std::vector<float> row, const ColourChange& change) {
  apply_colour(row, {1, 1, static_cast<std::int64_t>(row.size())}, kColourUnit, change);
  return row;
}

// Expected values by hand from the definitions in the header; tests/parity/augment_parity.py compares with
// Pillow.
TEST(ApplyColour, ChangesSinglePixelsAsDefined) {
  expect_near(grey_row({0.0F, 0.25F, 1.0F}, {ColourOp::invert, 0}), {1.0, 0.75, 0.0});
  expect_near(grey_row({0.2F, 0.5F, 0.9F}, {ColourOp::solarize, 0.5}), {0.2, 0.5, 0.1});
  expect_near(grey_row({0.2F, 0.6F, 0.9F}, {ColourOp::brightness, 1.5}), {0.3, 0.9, 1.0});
  // 0.5 is level 128 of 255 (binary 10000000), 0.3 is 77 (01001101): two bits leave 128 and 64.
  expect_near(grey_row({0.5F, 0.3F}, {ColourOp::posterize, 2}), {128.0 / 255, 64.0 / 255});
  expect_near(grey_row({0.2F, 0.7F}, {ColourOp::identity, 0}), {0.2, 0.7});
}

TEST(ApplyColour, StretchesAndBlendsAboutWhatTheImageHolds) {
  expect_near(grey_row({0.25F, 0.5F, 0.75F}, {ColourOp::auto_contrast, 0}), {0.0, 0.5, 1.0});
  expect_near(grey_row({0.5F, 0.5F}, {ColourOp::auto_contrast, 0}), {0.5, 0.5});
  // The mean is 0.4: 0.4 + 0.5 (v - 0.4).
  expect_near(grey_row({0.1F, 0.3F, 0.8F}, {ColourOp::contrast, 0.5}), {0.25, 0.35, 0.6});
  expect_near(grey_row({0.1F, 0.8F}, {ColourOp::saturation, 0.0}), {0.1, 0.8});
}

TEST(ApplyColour, EqualizesTheHistogramOfEachChannel) {
  // Four levels of 256 pixels each: a step is (1024 - 256) / 255 = 3 pixels, so they become (1 + 256 k) / 3
  // = 0, 85, 171 and 256, which is 255.
  std::vector<float> row;
  std::vector<double> wanted;
  for (int i = 0; i < 1024; ++i) {
    row.push_back(static_cast<float>(100 + i / 256) / 255.0F);
    wanted.push_back(std::vector<double>{0, 85, 171, 255}[static_cast<std::size_t>(i / 256)] / 255.0);
  }
  expect_near(grey_row(row, {ColourOp::equalize, 0}), wanted);
  expect_near(grey_row({0.2F, 0.6F}, {ColourOp::equalize, 0}), {0.2, 0.6});  // Too few pixels for a step.
}

TEST(ApplyColour, DrawsColourTowardsGreyAndKeepsTheBorderWhenSmoothing) {
  std::vector<float> pixel{1.0F, 0.5F, 0.0F};  // Grey: .299 + .587 / 2 = .5925.
  apply_colour(pixel, {3, 1, 1}, kColourUnit, {ColourOp::saturation, 0.0});
  expect_near(pixel, {0.5925, 0.5925, 0.5925});
  std::vector<float> dot{0, 0, 0, 0, 0.65F, 0, 0, 0, 0.13F};  // Smoothed middle: (5 * .65 + .13) / 13 = .26.
  apply_colour(dot, {1, 3, 3}, kColourUnit, {ColourOp::sharpness, 0.0});
  expect_near(dot, {0, 0, 0, 0, 0.26, 0, 0, 0, 0.13});
}

TEST(ApplyColour, MeansTheSameInAnyRangeOfPixels) {
  const ImageShape shape{3, 6, 5};
  const PixelRange range{{-1.0F, 2.0F, 10.0F}, {3.0F, 1.0F, 12.0F}};
  for (int op = 0; op < kColourOps; ++op) {
    const ColourChange change{static_cast<ColourOp>(op),
                              op == static_cast<int>(ColourOp::posterize) ? 3 : 0.6};
    auto unit = test_picture(shape);
    auto scaled = unit;
    for (std::size_t i = 0; i < scaled.size(); ++i) {
      scaled[i] = range.black[i / 30] + (range.white[i / 30] - range.black[i / 30]) * unit[i];
    }
    apply_colour(unit, shape, kColourUnit, change);
    apply_colour(scaled, shape, range, change);
    for (std::size_t i = 0; i < scaled.size(); ++i) {
      const float wanted = range.black[i / 30] + (range.white[i / 30] - range.black[i / 30]) * unit[i];
      ASSERT_NEAR(scaled[i], wanted, 1e-5) << "operation " << op;
    }
  }
}

TEST(ApplyColour, RefusesPixelsThatDoNotFit) {
  std::vector<float> pixels(4);
  EXPECT_THROW(apply_colour(pixels, {1, 1, 5}, kColourUnit, {}), core::Error);
  EXPECT_THROW(apply_colour(pixels, {2, 1, 2}, kColourUnit, {}), core::Error);
}

TEST(PixelRange, IsWhatPreprocessingMakesOfBlackAndWhite) {
  SplitStatistics statistics;
  statistics.min = 0.2, statistics.max = 0.7;
  statistics.mean = {0.5, 0.25, 0.0}, statistics.stddev = {0.5, 0.25, 1.0};
  const PixelRange minmax = pixel_range({{{PreprocessStep::minmax}, statistics}, statistics});
  EXPECT_NEAR(minmax.black[2], -0.4, 1e-6);  // (0 - .2) / .5
  EXPECT_NEAR(minmax.white[2], 1.6, 1e-6);
  const PixelRange standard = pixel_range({{{PreprocessStep::standardize}, statistics}, statistics});
  EXPECT_NEAR(standard.black[0], -1.0, 1e-6);
  EXPECT_NEAR(standard.white[1], 3.0, 1e-6);
}

TEST(DrawColour, TakesEveryOperationWithTheStrengthOfItsMagnitude) {
  core::CounterRandom random(1, 2);
  std::set<ColourOp> seen;
  for (const ColourChange& change : draw_colour(random, 200, 0.5)) {
    seen.insert(change.op);
    if (change.op == ColourOp::solarize) {
      EXPECT_EQ(change.strength, 0.5);
    } else if (change.op == ColourOp::posterize) {
      EXPECT_EQ(change.strength, 6.0);
    } else if (change.op >= ColourOp::brightness) {
      EXPECT_TRUE(change.strength == 1.45 || change.strength == 0.55);
    }
  }
  EXPECT_EQ(seen.size(), static_cast<std::size_t>(kColourOps));
  EXPECT_TRUE(draw_colour(random, 0, 1.0).empty());
}

}  // namespace
}  // namespace svhn::data
