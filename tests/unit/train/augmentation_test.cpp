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
  const Mixing first = draw_mixing({0.4}, 64, {1, 2, 3});
  draw_mixing({0.4}, 64, {5, 5, 5});
  EXPECT_EQ(draw_mixing({0.4}, 64, {1, 2, 3}).lambda, first.lambda);
  EXPECT_EQ(draw_mixing({0.4}, 64, {1, 2, 3}).partners, first.partners);
  for (const MixupKey& other : {MixupKey{2, 2, 3}, MixupKey{1, 3, 3}, MixupKey{1, 2, 4}, MixupKey{1, 3, 2}}) {
    EXPECT_NE(draw_mixing({0.4}, 64, other).lambda, first.lambda);
    EXPECT_NE(draw_mixing({0.4}, 64, other).partners, first.partners);
  }
}

TEST(DrawMixing, PairsEveryImageOnce) {
  auto partners = draw_mixing({1.0}, 64, {1, 0, 0}).partners;
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
      const double lambda = draw_mixing({alpha}, 1, {9, 0, i}).lambda;
      ASSERT_TRUE(lambda >= 0.5 && lambda <= 1.0);
      sum += lambda * (1.0 - lambda);
    }
    EXPECT_NEAR(sum / kDraws, alpha / (2.0 * (2.0 * alpha + 1.0)), 4.0 * 0.125 / std::sqrt(kDraws)) << alpha;
  }
}

TEST(DrawMixing, StaysFiniteForATinyAlphaAndMixesNothingForNone) {
  for (int i = 0; i < 200; ++i) EXPECT_TRUE(std::isfinite(draw_mixing({1e-9}, 2, {1, 0, i}).lambda));
  EXPECT_TRUE(draw_mixing({}, 64, {1, 0, 0}).partners.empty());
}

TEST(DrawMixing, DrawsCutMixsBoxWhereItFits) {
  double cut = 0.0, unclipped = 0.0;
  constexpr int kDraws = 4000;
  for (int i = 0; i < kDraws; ++i) {
    const Mixing mixing = draw_mixing({.cutmix = 1.0}, 8, {9, 0, i});
    ASSERT_TRUE(mixing.box);
    const data::Rectangle box = *mixing.box;
    ASSERT_TRUE(box.top >= 0 && box.left >= 0 && box.top + box.height <= 32 && box.left + box.width <= 32);
    EXPECT_DOUBLE_EQ(mixing.lambda, 1.0 - static_cast<double>(box.height * box.width) / 1024.0);
    EXPECT_EQ(mixing.partners.size(), 8U);
    cut += 1.0 - mixing.lambda;
    unclipped +=
        box.top > 0 && box.left > 0 && box.top + box.height < 32 && box.left + box.width < 32 ? 1 : 0;
  }
  // Without clipping the mean of 1 - lambda is 1/2. A side s = sqrt(u) of the image, centred anywhere, keeps
  // s - s^2 / 4 on average: E[(s - s^2 / 4)^2] for u uniform is 1/2 - 1/5 + 1/48 = .3208.
  EXPECT_NEAR(cut / kDraws, 0.3208, 0.03);
  EXPECT_GT(unclipped, 0);
}

TEST(DrawMixing, TakesMixupOrCutMixWhereBothAreOn) {
  int boxes = 0;
  for (int i = 0; i < 400; ++i) boxes += draw_mixing({0.2, 1.0}, 4, {9, 0, i}).box ? 1 : 0;
  EXPECT_NEAR(boxes, 200, 40);
}

TEST(Mix, PastesThePartnersBox) {
  const auto images = torch::arange(24, torch::kFloat32).view({2, 1, 3, 4});
  const Mixing mixing{0.75, {1, 0}, data::Rectangle{1, 2, 2, 1}};
  const auto mixed = mix_images(images, mixing);
  auto wanted = images.clone();
  wanted[0][0][1][2] = 18, wanted[0][0][2][2] = 22, wanted[1][0][1][2] = 6, wanted[1][0][2][2] = 10;
  EXPECT_TRUE(torch::equal(mixed, wanted));
  EXPECT_TRUE(torch::equal(images, torch::arange(24, torch::kFloat32).view({2, 1, 3, 4})));
}

TEST(Mix, AddsThePartnersRest) {
  const auto values = torch::tensor({{1.0F, 2.0F}, {3.0F, 4.0F}, {5.0F, 6.0F}});
  const auto mixed = mix_targets(values, {0.75, {1, 2, 0}});
  // 0.75 * 1 + 0.25 * 3, 0.75 * 2 + 0.25 * 4, …
  EXPECT_TRUE(torch::equal(mixed, torch::tensor({{1.5F, 2.5F}, {3.5F, 4.5F}, {4.0F, 5.0F}})));
  EXPECT_TRUE(mix_targets(values, {}).is_same(values));
}

}  // namespace
}  // namespace svhn::train
