#include "data/corrupt/picture.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

namespace svhn::data {
namespace {

/// One channel, 32x32: a function of (y, x).
template <class Function>
Picture picture_of(const Function& value) {
  Picture picture(kPixels, kPixels, 1);
  for (int y = 0; y < kPixels; ++y) {
    for (int x = 0; x < kPixels; ++x) *picture.at(y, x) = value(y, x);
  }
  return picture;
}

Picture ramp() {
  return picture_of([](int, int x) { return x; });
}

double sampled(const Picture& picture, double y, double x, Edge edge) {
  double sum = 0.0;
  add_sample(picture, y, x, edge, &sum);
  return sum;
}

TEST(Store, CutsTheFractionAndClamps) {
  Picture picture(1, 4, 1);
  picture.v = {0.9999, 1.5, -0.5, 0.5};
  std::array<std::uint8_t, 4> bytes{};
  store(picture, bytes);
  EXPECT_EQ(bytes, (std::array<std::uint8_t, 4>{254, 255, 0, 127}));
  store_rounded(picture, bytes);
  EXPECT_EQ(bytes, (std::array<std::uint8_t, 4>{255, 255, 0, 128}));
}

// exp(-1/2), radius trunc(3 * 0.5 + 0.5) = 2, exp(-2), exp(-8): 0.1353, 0.00034.
TEST(GaussianWeights, SumToOneAndFallAsTheBell) {
  const auto weights = gaussian_weights(0.5, 3.0);
  ASSERT_EQ(weights.size(), 5U);
  const double sum = 1 + 2 * std::exp(-2.0) + 2 * std::exp(-8.0);
  EXPECT_NEAR(weights[2], 1 / sum, 1e-12);
  EXPECT_NEAR(weights[1], std::exp(-2.0) / sum, 1e-12);
  EXPECT_NEAR(weights[4], std::exp(-8.0) / sum, 1e-12);
  EXPECT_EQ(gaussian_weights(0.0, 3.0), std::vector<double>{1.0});
}

// Beyond the left border of 0 1 2 …: nearest 0 0, reflect 0 1, mirror 1 2.
TEST(AddSample, ContinuesTheImageBeyondItsBorder) {
  EXPECT_NEAR(sampled(ramp(), 3, -1.75, Edge::nearest), 0.0, 1e-12);
  EXPECT_NEAR(sampled(ramp(), 3, -1.75, Edge::reflect), 0.75, 1e-12);
  EXPECT_NEAR(sampled(ramp(), 3, -1.75, Edge::mirror), 1.75, 1e-12);
  EXPECT_NEAR(sampled(ramp(), -2.5, 32.0, Edge::reflect), 31.0, 1e-12);
  EXPECT_NEAR(sampled(ramp(), 40.0, 32.0, Edge::mirror), 30.0, 1e-12);
}

TEST(Blurred, SpreadsAPointInBothDirections) {
  const Picture point = picture_of([](int y, int x) { return y == 5 && x == 0 ? 1.0 : 0.0; });
  const std::vector<double> weights{0.25, 0.5, 0.25};
  const Picture near = blurred(point, weights, Edge::nearest),
                mirrored = blurred(point, weights, Edge::mirror);
  EXPECT_DOUBLE_EQ(*near.at(5, 1), 0.5 * 0.25);
  EXPECT_DOUBLE_EQ(*near.at(4, 0), 0.25 * (0.5 + 0.25));  // Pixel -1 is pixel 0 again.
  EXPECT_DOUBLE_EQ(*mirrored.at(4, 0), 0.25 * 0.5);
  EXPECT_EQ(*near.at(7, 0), 0.0);
}

// Twofold: the 16 middle pixels, 8 to 23, on 32 places that are 15/31 apart.
TEST(ClippedZoom, EnlargesTheMiddle) {
  const Picture zoomed = clipped_zoom(ramp(), 2.0);
  EXPECT_NEAR(*zoomed.at(0, 0), 8.0, 1e-12);
  EXPECT_NEAR(*zoomed.at(9, 10), 8.0 + 150.0 / 31, 1e-12);
  EXPECT_NEAR(*zoomed.at(31, 31), 23.0, 1e-12);
  EXPECT_EQ(clipped_zoom(ramp(), 1.0).v, ramp().v);
}

// Weights 1, exp(-1/2), exp(-2), … divided by their sum, in one direction only: where they fall from, it is
// dark.
TEST(MotionBlurred, IsHalfAGaussianInOneDirection) {
  const Picture point = picture_of([](int y, int x) { return y == 10 && x == 20 ? 1.0 : 0.0; });
  double sum = 0.0;
  for (int i = 0; i < 13; ++i) sum += std::exp(-0.5 * i * i);
  const Picture right = motion_blurred(point, {6, 1.0}, 0.0), down = motion_blurred(point, {6, 1.0}, 90.0);
  EXPECT_NEAR(*right.at(10, 20), 1 / sum, 1e-12);
  EXPECT_NEAR(*right.at(10, 19), std::exp(-0.5) / sum, 1e-12);
  EXPECT_EQ(*right.at(10, 21), 0.0);
  EXPECT_NEAR(*down.at(8, 20), std::exp(-2.0) / sum, 1e-12);
  EXPECT_EQ(*down.at(10, 19), 0.0);
}

TEST(Plasma, ReachesFromZeroToOneAndIsSmootherWithAStrongerDecay) {
  const auto roughness = [](const Picture& land) {
    double sum = 0.0;
    for (std::size_t i = 1; i < land.v.size(); ++i) sum += std::abs(land.v[i] - land.v[i - 1]);
    return sum;
  };
  for (std::uint64_t seed = 1; seed <= 5; ++seed) {
    core::CounterRandom first(seed, 1), second(seed, 1);
    const Picture rough = plasma(first, 1.75), smooth = plasma(second, 3.0);
    const auto [low, high] = std::ranges::minmax(rough.v);
    EXPECT_EQ(low, 0.0);
    EXPECT_EQ(high, 1.0);
    EXPECT_GT(roughness(rough), roughness(smooth)) << seed;
  }
}

}  // namespace
}  // namespace svhn::data
