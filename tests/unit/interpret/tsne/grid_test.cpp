#include "interpret/tsne/grid.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <limits>

#include "core/error.h"
#include "interpret/tsne/forces.h"
#include "unit/interpret/tsne/points.h"

namespace svhn::interpret {
namespace {

using at::Tensor;
using testing::normal_points;
using testing::relative;

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

}  // namespace
}  // namespace svhn::interpret
