#include "interpret/tsne/repulsion.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "unit/interpret/tsne/points.h"

namespace svhn::interpret {
namespace {

using at::Tensor;
using testing::normal_points;
using testing::relative;

TEST(MapRepulsion, AgreesWithAllPairsAtEverySizeOfMap) {
  const auto shape = normal_points(2000, 2, 3) * at::tensor({1.0F, 0.6F});
  MapRepulsion repulsion;
  core::ThreadPool pool(2);
  for (const double deviation : {1e-4, 1e-2, 0.3, 1.0, 5.0, 25.0, 200.0}) {
    const Tensor map = shape * deviation;
    const auto found = repulsion(pool, map), exact = exact_repulsion(map);
    EXPECT_LT(relative(found.force, exact.force), 2e-3) << deviation;
    EXPECT_NEAR(found.normaliser / exact.normaliser, 1.0, 5e-5) << deviation;
  }
}

TEST(MapRepulsion, OfPointsInTightGroupsFarApart) {
  const auto map = 0.2 * normal_points(3000, 2, 4) +
                   40.0 * normal_points(30, 2, 5).index_select(0, at::arange(3000).remainder(30));
  MapRepulsion repulsion;
  core::ThreadPool pool(2);
  const auto found = repulsion(pool, map), exact = exact_repulsion(map);
  EXPECT_LT(relative(found.force, exact.force), 5e-3);
  EXPECT_NEAR(found.normaliser / exact.normaliser, 1.0, 5e-4);
}

TEST(MapRepulsion, OfFewPointsFarApart) {
  const Tensor map = at::tensor({0.0F, 0.0F, 30.1F, 7.3F, -11.7F, 52.4F}).view({3, 2});
  MapRepulsion repulsion;
  core::ThreadPool pool(2);
  const auto found = repulsion(pool, map), exact = exact_repulsion(map);
  EXPECT_NEAR(found.normaliser / exact.normaliser, 1.0, 1e-2);
  EXPECT_LT(relative(found.force, exact.force), 2e-2);
}

TEST(MapRepulsion, OfPointsOnALine) {
  const Tensor map = at::cat({100.0 * normal_points(500, 1, 4), at::zeros({500, 1})}, 1);
  MapRepulsion repulsion;
  core::ThreadPool pool(2);
  EXPECT_LT(relative(repulsion(pool, map).force, exact_repulsion(map).force), 5e-3);
}

TEST(MapRepulsion, SameBytesForAnyNumberOfThreads) {
  for (const double deviation : {1.0, 40.0}) {
    const auto map = deviation * normal_points(5000, 2, 6);
    const auto run = [&](int threads) {
      MapRepulsion repulsion;
      core::ThreadPool pool(threads);
      return repulsion(pool, map);
    };
    const auto one = run(1), three = run(3);
    EXPECT_TRUE(at::equal(one.force, three.force));
    EXPECT_EQ(one.normaliser, three.normaliser);
  }
}

}  // namespace
}  // namespace svhn::interpret
