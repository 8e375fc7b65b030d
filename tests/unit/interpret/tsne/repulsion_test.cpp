#include "interpret/tsne/repulsion.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "interpret/tsne/grid_fft.h"
#include "interpret/tsne/order.h"
#include "unit/interpret/tsne/points.h"

namespace svhn::interpret {
namespace {

using at::Tensor;
using testing::normal_points;

double relative(const Tensor& value, const Tensor& expected) {
  const Tensor reference = expected.to(at::kDouble);
  return ((value.to(at::kDouble) - reference).norm() / reference.norm()).item<double>();
}

TEST(LaneTransform, IsTheFourierTransformOfEveryLane) {
  for (const std::int64_t length : {1, 2, 3, 4, 5, 8, 30, 36, 75, 400, 486}) {
    const Tensor values = normal_points(length, 32, 1);  // [length], 16 real parts, 16 imaginary ones
    const Tensor series = at::complex(values.slice(1, 0, 16), values.slice(1, 16, 32));
    const Tensor expected = at::fft_fft(series.to(at::kComplexDouble), c10::nullopt, 0);
    Tensor work = values.clone(), scratch = at::empty_like(values);
    const float* found = LaneTransform(length).forward(work.data_ptr<float>(), scratch.data_ptr<float>());
    const Tensor result = found == work.data_ptr<float>() ? work : scratch;
    EXPECT_LT(relative(result.slice(1, 0, 16), at::real(expected)), 1e-6) << length;
    EXPECT_LT(relative(result.slice(1, 16, 32), at::imag(expected)), 1e-6) << length;
  }
}

TEST(Convolution, IsThatOfTheTensorOperations) {
  for (const auto& [columns, rows] : {std::pair{15, 75}, {80, 15}, {120, 108}, {32, 50}}) {
    GridPlan plan{.nodes = {columns, rows}, .spacing = 0.5, .corner = {}, .radius = 2.0};
    const Tensor kernel = kernel_transform(plan, at::kCPU), charges = normal_points(rows, columns, 2);
    Convolution convolution;
    convolution.prepare(kernel);
    for (std::int64_t row = 0; row < rows; ++row) {
      const float* from = charges.data_ptr<float>() + row * columns;
      std::copy(from, from + columns, convolution.values() + row * convolution.stride());
    }
    ThreadPool pool(2);
    convolution.run(pool);
    const Tensor field =
        at::from_blob(convolution.values(), {rows, convolution.stride()}).slice(1, 0, columns);
    EXPECT_LT(relative(field, convolve(charges, kernel)), 1e-5) << columns;
  }
}

TEST(MapRepulsion, AgreesWithAllPairsAtEverySizeOfMap) {
  const auto shape = normal_points(2000, 2, 3) * at::tensor({1.0F, 0.6F});
  MapRepulsion repulsion;
  ThreadPool pool(2);
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
  ThreadPool pool(2);
  const auto found = repulsion(pool, map), exact = exact_repulsion(map);
  EXPECT_LT(relative(found.force, exact.force), 5e-3);
  EXPECT_NEAR(found.normaliser / exact.normaliser, 1.0, 5e-4);
}

TEST(MapRepulsion, OfFewPointsFarApart) {
  const Tensor map = at::tensor({0.0F, 0.0F, 30.1F, 7.3F, -11.7F, 52.4F}).view({3, 2});
  MapRepulsion repulsion;
  ThreadPool pool(2);
  const auto found = repulsion(pool, map), exact = exact_repulsion(map);
  EXPECT_NEAR(found.normaliser / exact.normaliser, 1.0, 1e-2);
  EXPECT_LT(relative(found.force, exact.force), 2e-2);
}

TEST(MapRepulsion, OfPointsOnALine) {
  const Tensor map = at::cat({100.0 * normal_points(500, 1, 4), at::zeros({500, 1})}, 1);
  MapRepulsion repulsion;
  ThreadPool pool(2);
  EXPECT_LT(relative(repulsion(pool, map).force, exact_repulsion(map).force), 5e-3);
}

TEST(MapRepulsion, SameBytesForAnyTeam) {
  for (const double deviation : {1.0, 40.0}) {
    const auto map = deviation * normal_points(5000, 2, 6);
    const auto run = [&](int threads) {
      MapRepulsion repulsion;
      ThreadPool pool(threads);
      return repulsion(pool, map);
    };
    const auto one = run(1), three = run(3);
    EXPECT_TRUE(at::equal(one.force, three.force));
    EXPECT_EQ(one.normaliser, three.normaliser);
  }
}

TEST(OrderOnMap, NamesEveryPointOnceAndKeepsNeighboursTogether) {
  const Tensor map = at::tensor({0.0F, 0.0F, 9.0F, 9.0F, 0.1F, 0.1F, 9.1F, 9.1F, 0.0F, 0.0F}).view({5, 2});
  // Lower left before upper right; equal places by row.
  EXPECT_EQ(order_on_map(map), (std::vector<std::int32_t>{0, 4, 2, 1, 3}));
}

TEST(Reorder, MovesRowsAndColumnsAlike) {
  // By hand: p01 = 0.3, p12 = 0.2; order 2, 0, 1 makes them p12 and p02.
  Neighbours neighbours{at::tensor({1, 0, 1}, at::kInt).view({3, 1}), at::zeros({3, 1})};
  const auto from = joint_affinities(neighbours, at::tensor({0.8F, 1.0F, 1.2F}).view({3, 1}));
  Affinities to;
  ThreadPool pool(2);
  reorder(pool, from, {2, 0, 1}, to);
  EXPECT_EQ(to.columns[0], 2);
  EXPECT_FLOAT_EQ(to.values[0], 0.2F);
  EXPECT_EQ(to.columns[static_cast<std::size_t>(to.starts[1])], 2);
  EXPECT_FLOAT_EQ(to.values[static_cast<std::size_t>(to.starts[1])], 0.3F);
  EXPECT_EQ(to.columns[static_cast<std::size_t>(to.starts[2])], 1);
  EXPECT_EQ(to.columns[static_cast<std::size_t>(to.starts[2]) + 1], 0);
}

}  // namespace
}  // namespace svhn::interpret
