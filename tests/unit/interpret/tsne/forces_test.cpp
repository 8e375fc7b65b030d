#include "interpret/tsne/forces.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>

#include "core/error.h"
#include "interpret/tsne/thread_pool.h"
#include "unit/interpret/tsne/points.h"

namespace svhn::interpret {
namespace {

using at::Tensor;
using testing::grouped_points;
using testing::normal_points;

Affinities affinities_of(const Tensor& points, double perplexity) {
  const auto found =
      nearest_neighbours(points, points, {static_cast<std::int64_t>(3 * perplexity + 1), true, {}});
  return joint_affinities(found, conditional_probabilities(found.distances, perplexity));
}

double relative(const Tensor& value, const Tensor& expected) {
  const Tensor reference = expected.to(at::kDouble);
  return ((value.to(at::kDouble) - reference).norm() / reference.norm()).item<double>();
}

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

TEST(GridRepulsion, AgreesWithAllPairsAtEverySizeOfMap) {
  const auto shape = normal_points(2000, 2, 3) * at::tensor({1.0F, 0.6F});
  FieldGrid grid;
  for (const double deviation : {1e-4, 1e-2, 0.3, 1.0, 5.0, 25.0}) {
    const Tensor map = shape * deviation;
    const auto fft = grid_repulsion(grid, map), exact = exact_repulsion(map);
    EXPECT_LT(relative(fft.force, exact.force), 2e-3) << deviation;
    EXPECT_NEAR(fft.normaliser / exact.normaliser, 1.0, 2e-5) << deviation;
  }
}

TEST(GridRepulsion, OfFewPointsFarApart) {
  // Mostly self-potential: 1 on a point that is not wholly 1 on the grid.
  const Tensor map = at::tensor({0.0F, 0.0F, 30.1F, 7.3F, -11.7F, 52.4F}).view({3, 2});
  FieldGrid grid;
  const auto fft = grid_repulsion(grid, map), exact = exact_repulsion(map);
  EXPECT_NEAR(fft.normaliser / exact.normaliser, 1.0, 1e-2);
  EXPECT_LT(relative(fft.force, exact.force), 2e-2);
}

TEST(GridRepulsion, OfPointsOnALine) {
  const Tensor map = at::cat({100.0 * normal_points(500, 1, 4), at::zeros({500, 1})}, 1);
  FieldGrid grid;
  const auto fft = grid_repulsion(grid, map), exact = exact_repulsion(map);
  EXPECT_LT(relative(fft.force, exact.force), 1e-2);
}

TEST(FieldGrid, TensorOperationsAgreeWithTheLoops) {
  for (const double deviation : {1e-3, 10.0}) {
    const auto map = deviation * normal_points(700, 2, 5);
    FieldGrid loops(false), tensors(true);
    loops.build(map);
    tensors.build(map);
    EXPECT_LT(relative(tensors.read(map), loops.read(map)), 1e-5);
    EXPECT_LT(relative(tensors.read_others(map), loops.read_others(map)), 1e-5);
  }
}

TEST(PlanGrid, CoversTheMapAndKeepsItsSizeWhileItFits) {
  const auto map = 10.0 * normal_points(100, 2, 7);
  const GridPlan plan = plan_grid(map);
  EXPECT_LE(plan.spacing, kMaxSpacing);
  EXPECT_GE(std::max(plan.nodes[0], plan.nodes[1]), kMinNodes);
  const GridPlan grown = plan_grid(map * 1.02, plan);
  EXPECT_EQ(grown.nodes, plan.nodes);
  EXPECT_EQ(grown.spacing, plan.spacing);
  EXPECT_NE(plan_grid(map * 2.0, plan).nodes, plan.nodes);
}

TEST(PlanGrid, TakesPairsWhereAMapIsWideForItsPoints) {
  const auto points = normal_points(2000, 2, 7);
  const GridPlan wide = plan_grid(30.0 * points, {}, /*pairs=*/true);
  EXPECT_EQ(wide.radius, kRadiusNodes * wide.spacing);
  EXPECT_GT(wide.spacing, 2 * kMaxSpacing);
  EXPECT_EQ(plan_grid(2.0 * points, {}, /*pairs=*/true).radius, 0.0);
  EXPECT_EQ(plan_grid(30.0 * points).radius, 0.0);
}

TEST(PlanGrid, WidensItsSpacingRatherThanGrowWithoutEnd) {
  const GridPlan plan = plan_grid(at::tensor({0.0F, 0.0F, 5e4F, 1.0F}).view({2, 2}));
  EXPECT_LE(plan.nodes[0], 2 * kMaxNodes);
  EXPECT_GE(plan.nodes[1], kStencil);
}

TEST(PlanGrid, RefusesAMapThatIsNotFinite) {
  Tensor map = normal_points(5, 2, 8);
  map[3][1].fill_(std::numeric_limits<float>::quiet_NaN());
  EXPECT_THROW(plan_grid(map), core::Error);
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
  ThreadPool pool(2);
  for (const bool by_tensors : {false, true}) {
    Attraction attraction(affinities, torch::kCPU, by_tensors);
    EXPECT_LT(relative(attraction.force(pool, map), expected), 1e-5);
    EXPECT_NEAR(attraction.divergence(pool, map, z, 1.0), divergence, 1e-5);
    // 12 P against Q: 12 (sum p log p + log 12 - sum p log q).
    EXPECT_NEAR(attraction.divergence(pool, map, z, 12.0), 12.0 * (divergence + std::log(12.0)), 1e-4);
  }
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
