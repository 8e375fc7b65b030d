#include "interpret/tsne/forces.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <cmath>

#include "core/thread_pool.h"
#include "unit/interpret/tsne/points.h"

namespace svhn::interpret {
namespace {

using at::Tensor;
using testing::affinities_of;
using testing::grouped_points;
using testing::normal_points;
using testing::relative;

/// All pairs in float64: sums of w, w^2 dx, w^2 dy.
Tensor reference_fields(const Tensor& sources, const Tensor& points) {
  const Tensor away = points.to(at::kDouble).unsqueeze(1) - sources.to(at::kDouble).unsqueeze(0);
  const Tensor w = 1.0 / (1.0 + away.square().sum(2));
  return at::cat({w.sum(1, true), (w.square().unsqueeze(2) * away).sum(1)}, 1);
}

TEST(ExactFields, OfTwoPointsByHand) {
  // d = (3, 4): w = 1 / 26, w^2 d = (3, 4) / 676.
  const auto fields = exact_fields(at::zeros({1, 2}), at::tensor({3.0F, 4.0F}).unsqueeze(0));
  EXPECT_FLOAT_EQ(fields[0][0].item<float>(), 1.0F / 26.0F);
  EXPECT_FLOAT_EQ(fields[0][1].item<float>(), 3.0F / 676.0F);
  EXPECT_FLOAT_EQ(fields[0][2].item<float>(), 4.0F / 676.0F);
}

TEST(ExactFields, AgreeWithFloat64) {
  const auto sources = 20.0 * normal_points(333, 2, 1), points = 20.0 * normal_points(70, 2, 2);
  EXPECT_LT(relative(exact_fields(sources, points), reference_fields(sources, points)), 1e-6);
  EXPECT_LT(relative(exact_fields(sources, points, true), reference_fields(sources, points)), 1e-5);
}

TEST(Attraction, AgreesWithAllPairsInFloat64) {
  const auto points = grouped_points(300, 6, 3), map = 8.0 * normal_points(300, 2, 9);
  const Affinities affinities = affinities_of(points, 10.0);
  Tensor p = at::zeros({300, 300}, at::kDouble);
  for (std::int64_t row = 0; row < 300; ++row) {
    const auto index = static_cast<std::size_t>(row);
    for (auto i = affinities.starts[index]; i < affinities.starts[index + 1]; ++i) {
      const auto entry = static_cast<std::size_t>(i);
      p.data_ptr<double>()[row * 300 + affinities.columns[entry]] +=
          static_cast<double>(affinities.values[entry]);
    }
  }
  const Tensor y = map.to(at::kDouble), away = y.unsqueeze(1) - y.unsqueeze(0);
  const Tensor w = 1.0 / (1.0 + away.square().sum(2));
  const Tensor expected = ((p * w).unsqueeze(2) * away).sum(1);
  const double z = w.sum().item<double>() - 300.0;
  const double divergence = (at::xlogy(p, p) - p * (w / z).log()).sum().item<double>();
  core::ThreadPool pool(2);
  for (const bool by_tensors : {false, true}) {
    Attraction attraction(affinities, torch::kCPU, by_tensors);
    EXPECT_LT(relative(attraction.force(pool, map), expected), 1e-5);
    EXPECT_NEAR(attraction.divergence(pool, map, z, 1.0), divergence, 1e-5);
    // 12 P against Q: 12 (sum p log p + log 12 - sum p log q).
    EXPECT_NEAR(attraction.divergence(pool, map, z, 12.0), 12.0 * (divergence + std::log(12.0)), 1e-4);
  }
}

}  // namespace
}  // namespace svhn::interpret
