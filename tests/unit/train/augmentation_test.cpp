#include "train/augmentation.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include <gtest/gtest.h>

#include <vector>

namespace svhn::train {
namespace {

/// Writes the pass into the pixel.
data::ImageHook mark(std::int64_t pass) {
  return [pass](std::span<float> chw, std::int64_t) { chw[0] = static_cast<float>(pass); };
}

/// @param first of the epoch's rows that is read; the others follow.
std::vector<float> passes_of(EpochSlice slice, std::size_t first = 0) {
  for (std::size_t i = first; i < slice.rows; ++i) slice.positions.push_back(i);
  const auto hook = epoch_hook(mark, slice);
  std::vector<float> seen;
  for (std::size_t i = 0; i < slice.positions.size(); ++i) {
    float pixel = -1.0F;
    hook({&pixel, 1}, 0);
    seen.push_back(pixel);
  }
  return seen;
}

TEST(EpochHook, CountsTheEpochsWhereEachIsOnePassOrLess) {
  EXPECT_EQ(passes_of({4, 3, 3}), (std::vector<float>{4, 4, 4}));
  EXPECT_EQ(passes_of({4, 30, 2}), (std::vector<float>{4, 4}));
}

TEST(EpochHook, CountsThePassesThroughTheEpochs) {
  // Three passes an epoch, the last one cut: epoch 2 has the passes 6, 7 and 8.
  EXPECT_EQ(passes_of({2, 3, 8}), (std::vector<float>{6, 6, 6, 7, 7, 7, 8, 8}));
}

TEST(EpochHook, GoesOnInTheMiddleOfAnEpochAsIfNeverStopped) {
  EXPECT_EQ(passes_of({2, 3, 8}, 4), (std::vector<float>{7, 7, 8, 8}));
  EXPECT_EQ(passes_of({2, 3, 8}, 6), (std::vector<float>{8, 8}));
}

TEST(EpochHook, KnowsThePassOfEachPlaceInAnyOrder) {
  const auto hook = epoch_hook(mark, {2, 3, 8, {7, 0, 3, 2}});
  for (const float pass : {8.0F, 6.0F, 7.0F, 6.0F}) {
    float pixel = -1.0F;
    hook({&pixel, 1}, 0);
    EXPECT_EQ(pixel, pass);
  }
}

TEST(DrawMixing, DependsOnSeedEpochAndStepAlone) {
  const Mixing first = draw_mixing(0.4, 64, {1, 2, 3});
  draw_mixing(0.4, 64, {5, 5, 5});
  EXPECT_EQ(draw_mixing(0.4, 64, {1, 2, 3}).lambda, first.lambda);
  EXPECT_EQ(draw_mixing(0.4, 64, {1, 2, 3}).partners, first.partners);
  for (const MixupKey& other : {MixupKey{2, 2, 3}, MixupKey{1, 3, 3}, MixupKey{1, 2, 4}, MixupKey{1, 3, 2}}) {
    EXPECT_NE(draw_mixing(0.4, 64, other).lambda, first.lambda);
    EXPECT_NE(draw_mixing(0.4, 64, other).partners, first.partners);
  }
}

TEST(DrawMixing, PairsEveryImageOnce) {
  auto partners = draw_mixing(1.0, 64, {1, 0, 0}).partners;
  std::vector<std::int64_t> all(64);
  std::iota(all.begin(), all.end(), std::int64_t{0});
  EXPECT_NE(partners, all);
  std::sort(partners.begin(), partners.end());
  EXPECT_EQ(partners, all);
}

/// For lambda from Beta(a, a), E[lambda (1 - lambda)] = a / (2 (2 a + 1)), whichever of the two is the
/// larger; lambda (1 - lambda) lies in [0, 1/4], so its deviation is at most 1/8.
TEST(DrawMixing, HasTheMomentOfTheBetaDistribution) {
  constexpr int kDraws = 4000;
  for (const double alpha : {0.1, 0.4, 1.0, 2.5, 40.0}) {
    double sum = 0.0;
    for (int i = 0; i < kDraws; ++i) {
      const double lambda = draw_mixing(alpha, 1, {9, 0, i}).lambda;
      ASSERT_TRUE(lambda >= 0.5 && lambda <= 1.0);
      sum += lambda * (1.0 - lambda);
    }
    EXPECT_NEAR(sum / kDraws, alpha / (2.0 * (2.0 * alpha + 1.0)), 4.0 * 0.125 / std::sqrt(kDraws)) << alpha;
  }
}

TEST(DrawMixing, StaysFiniteForATinyAlphaAndMixesNothingForNone) {
  for (int i = 0; i < 200; ++i) EXPECT_TRUE(std::isfinite(draw_mixing(1e-9, 2, {1, 0, i}).lambda));
  EXPECT_TRUE(draw_mixing(0.0, 64, {1, 0, 0}).partners.empty());
}

TEST(Mix, AddsThePartnersRest) {
  const auto values = torch::tensor({{1.0F, 2.0F}, {3.0F, 4.0F}, {5.0F, 6.0F}});
  const auto mixed = mix(values, {0.75, {1, 2, 0}});
  // 0.75 * 1 + 0.25 * 3, 0.75 * 2 + 0.25 * 4, …
  EXPECT_TRUE(torch::equal(mixed, torch::tensor({{1.5F, 2.5F}, {3.5F, 4.5F}, {4.0F, 5.0F}})));
  EXPECT_TRUE(mix(values, {}).is_same(values));
}

}  // namespace
}  // namespace svhn::train
