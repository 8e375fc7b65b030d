#include "interpret/tsne/descent.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <cmath>

#include "unit/interpret/tsne/points.h"

namespace svhn::interpret {
namespace {

using at::Tensor;
using testing::affinities_of;
using testing::grouped_points;
using testing::normal_points;
using testing::relative;

TEST(DescentRule, StepByHand) {
  Tensor gradient = at::tensor({2.0F, 2.0F, 2.0F}), update = at::tensor({-1.0F, 1.0F, 1.0F});
  Tensor gains = at::tensor({1.0F, 1.0F, 0.011F}), map = at::zeros({3});
  DescentRule{0.5, 10.0}.step(gradient, update, gains, map);
  // Gains: 1 + 0.2 where it goes down the slope, 1 * 0.8 where up, at least 0.01; update / 2 - 10 * gain * 2.
  EXPECT_TRUE(at::allclose(gains, at::tensor({1.2F, 0.8F, 0.01F})));
  EXPECT_TRUE(at::allclose(map, at::tensor({-24.5F, -15.5F, 0.3F})));
  EXPECT_TRUE(at::equal(map, update));
  EXPECT_TRUE(at::allclose(gradient, at::tensor({2.4F, 1.6F, 0.02F})));
}

TEST(DescentRule, TensorOperationsAgreeWithTheLoop) {
  Tensor updates[2], gains[2], maps[2];
  for (const bool by_tensors : {false, true}) {
    Tensor &update = updates[by_tensors], &gain = gains[by_tensors], &map = maps[by_tensors];
    update = at::zeros({101, 2});
    gain = at::ones({101, 2});
    map = normal_points(101, 2, 1);
    for (std::uint64_t i = 0; i < 20; ++i) {
      Tensor gradient = normal_points(101, 2, 2 + i);
      DescentRule{0.8, 0.1}.step(gradient, update, gain, map, by_tensors);
    }
  }
  EXPECT_TRUE(at::allclose(gains[0], gains[1]));
  EXPECT_TRUE(at::allclose(maps[0], maps[1], 1e-5, 1e-6));
}

TEST(TsneObjective, InterpolatedGradientIsTheExactOne) {
  const auto points = grouped_points(1500, 10, 5);
  const Affinities affinities = affinities_of(points, 30.0);
  TsneObjective fft(affinities, TsneMethod::fft, torch::kCPU);
  TsneObjective exact(affinities, TsneMethod::exact, torch::kCPU);
  for (const double deviation : {1e-4, 0.1, 1.0, 3.0, 20.0}) {
    const auto map = deviation * normal_points(1500, 2, 10);
    // The wider the map, the more of the force comes from few near points.
    const double bound = deviation <= 1.0 ? 2e-4 : 3e-3;
    for (const double exaggeration : {1.0, 12.0}) {
      EXPECT_LT(relative(fft.gradient(map, exaggeration), exact.gradient(map, exaggeration)), bound)
          << deviation;
      EXPECT_NEAR(fft.divergence(map, exaggeration), exact.divergence(map, exaggeration), 1e-4);
    }
  }
}

TEST(TsneObjective, GradientIsTheSlopeOfTheDivergence) {
  const auto points = grouped_points(60, 4, 3);
  const Affinities affinities = affinities_of(points, 5.0);
  TsneObjective objective(affinities, TsneMethod::exact, torch::kCPU);
  const auto map = normal_points(60, 2, 11), direction = normal_points(60, 2, 12);
  const double slope = (objective.gradient(map, 1.0) * direction).sum().item<double>();
  const auto at = [&](double step) {
    const Tensor moved = map + step * direction;
    objective.gradient(moved, 1.0);
    return objective.divergence(moved, 1.0);
  };
  EXPECT_NEAR((at(0.01) - at(-0.01)) / 0.02, slope, 1e-3 * std::abs(slope) + 1e-4);
}

}  // namespace
}  // namespace svhn::interpret
