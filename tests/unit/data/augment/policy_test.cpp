// Expected strengths are those of the two papers' tables, worked out by hand.
#include "data/augment/policy.h"

#include <gtest/gtest.h>

#include <cmath>
#include <map>

#include "data/augment/augment.h"
#include "unit/data/augment/augment_test_picture.h"

namespace svhn::data {
namespace {

constexpr ImageShape kPolicyShape{3, 32, 32};

PolicyChange randaugment(PolicyOp op, double magnitude, bool turned = false) {
  return policy_change(op, PolicyRanges::randaugment, magnitude, turned, kPolicyShape);
}

PolicyChange trivialaugment(PolicyOp op, double magnitude, bool turned = false) {
  return policy_change(op, PolicyRanges::trivialaugment, magnitude, turned, kPolicyShape);
}

TEST(PolicyChange, HasTheStrengthsOfRandAugment) {
  EXPECT_NEAR((*randaugment(PolicyOp::shear_x, 0.5).transform)[3], 0.15, 1e-12);
  EXPECT_NEAR((*randaugment(PolicyOp::shear_y, 0.5, true).transform)[1], -0.15, 1e-12);
  EXPECT_EQ((*randaugment(PolicyOp::translate_x, 0.5).transform)[5], 7.0);  // 150 / 331 * 32 / 2 = 7.25
  EXPECT_EQ((*randaugment(PolicyOp::translate_y, 1.0, true).transform)[2], -14.0);
  EXPECT_NEAR((*randaugment(PolicyOp::rotate, 0.5).transform)[0], std::cos(std::acos(-1.0) / 12), 1e-12);
  EXPECT_EQ(randaugment(PolicyOp::brightness, 0.5).colour, (ColourChange{ColourOp::brightness, 1.45}));
  EXPECT_EQ(randaugment(PolicyOp::sharpness, 0.5, true).colour, (ColourChange{ColourOp::sharpness, 0.55}));
  EXPECT_EQ(randaugment(PolicyOp::posterize, 1.0).colour, (ColourChange{ColourOp::posterize, 4.0}));
  EXPECT_EQ(randaugment(PolicyOp::solarize, 0.25).colour, (ColourChange{ColourOp::solarize, 0.75}));
  EXPECT_EQ(randaugment(PolicyOp::identity, 1.0), PolicyChange{});
}

TEST(PolicyChange, HasTheWideStrengthsOfTrivialAugment) {
  EXPECT_NEAR((*trivialaugment(PolicyOp::shear_x, 1.0, true).transform)[3], -0.99, 1e-12);
  EXPECT_EQ((*trivialaugment(PolicyOp::translate_y, 1.0).transform)[2], 32.0);
  EXPECT_NEAR((*trivialaugment(PolicyOp::rotate, 1.0).transform)[0], -std::sqrt(0.5), 1e-12);  // 135 degrees
  EXPECT_NEAR(trivialaugment(PolicyOp::contrast, 1.0, true).colour.strength, 0.01, 1e-12);
  EXPECT_EQ(trivialaugment(PolicyOp::posterize, 1.0).colour.strength, 2.0);
  EXPECT_EQ(trivialaugment(PolicyOp::equalize, 0.5).colour.op, ColourOp::equalize);
}

TEST(ApplyPolicy, MovesAndShearsPixels) {
  const ImageShape shape{1, 3, 4};
  std::vector<float> picture{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12};
  AugmentOptions options;
  options.fill = Fill::constant;
  const PixelRange range{{0.0F}, {12.0F}};
  const PolicyChange shear{AffineMatrix{1, 0, 0, 1, 1, 0}, {}};  // Row r takes column c + r.
  apply_policy(picture, shape, options, range, {&shear, 1});
  EXPECT_EQ(picture, (std::vector<float>{1, 2, 3, 4, 6, 7, 8, 0, 11, 12, 0, 0}));
  const PolicyChange shift{AffineMatrix{1, 0, 1, 0, 1, 0}, {}};  // Row r takes row r + 1.
  apply_policy(picture, shape, options, range, {&shift, 1});
  EXPECT_EQ(picture, (std::vector<float>{6, 7, 8, 0, 11, 12, 0, 0, 0, 0, 0, 0}));
}

TEST(DrawPolicy, TakesEveryOperationAndSignEvenly) {
  core::CounterRandom random(3, 4);
  AugmentOptions options;
  options.randaugment = 2, options.randaugment_magnitude = 15;
  std::map<double, int> shears;
  int identities = 0;
  constexpr int kDraws = 7000;
  for (int i = 0; i < kDraws; ++i) {
    const auto changes = draw_policy(random, options, kPolicyShape);
    ASSERT_EQ(changes.size(), 2U);
    for (const auto& change : changes) {
      if (change == PolicyChange{}) ++identities;
      if (change.transform && (*change.transform)[3] != 0.0 && (*change.transform)[0] == 1.0)
        ++shears[(*change.transform)[3]];
    }
  }
  // 14,000 draws of 14 operations: 1000 each, deviation 30.5.
  EXPECT_NEAR(identities, 1000, 150);
  ASSERT_EQ(shears.size(), 2U);
  EXPECT_NEAR(shears[0.15], 500, 110);
  EXPECT_NEAR(shears[-0.15], 500, 110);
}

TEST(DrawPolicy, DrawsTheStrengthOfTrivialAugment) {
  core::CounterRandom random(3, 4);
  AugmentOptions options;
  options.trivialaugment = true;
  std::map<double, int> thresholds;
  for (int i = 0; i < 10000; ++i) {
    const auto changes = draw_policy(random, options, kPolicyShape);
    ASSERT_EQ(changes.size(), 1U);
    if (changes[0].colour.op == ColourOp::solarize) ++thresholds[changes[0].colour.strength];
  }
  EXPECT_EQ(thresholds.size(), 31U);
  EXPECT_EQ(thresholds.begin()->first, 0.0);
  EXPECT_EQ(thresholds.rbegin()->first, 1.0);
}

TEST(DrawPolicy, IsEmptyWhenOff) {
  core::CounterRandom random(1, 1);
  EXPECT_TRUE(draw_policy(random, {}, kPolicyShape).empty());
}

TEST(AugmentImage, AppliesThePolicyBeforeTheCutout) {
  AugmentOptions options;
  options.randaugment = 1, options.randaugment_magnitude = 0;
  options.cutout = 2;
  AugmentParameters parameters = draw_parameters(options, kPolicyShape, {1, 0, 0});
  parameters.policy = {PolicyChange{std::nullopt, {ColourOp::invert, 0.0}}};
  parameters.cutout_row = parameters.cutout_column = 5;
  auto picture = test_picture(kPolicyShape);
  const float before = picture[0];
  apply_parameters(picture, kPolicyShape, options, {}, parameters);
  EXPECT_NEAR(picture[0], 1.0F - before, 1e-6);
  EXPECT_EQ(picture[5 * 32 + 5], 0.0F);  // Inverted afterwards it would be 1.
}

}  // namespace
}  // namespace svhn::data
