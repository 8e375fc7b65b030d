#include "interpret/tsne/neighbours.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <stdexcept>

#include "unit/interpret/tsne/points.h"

namespace svhn::interpret {
namespace {

using testing::grouped_points;
using testing::normal_points;

/// Brute force: the sum of squared differences in float64.
at::Tensor all_distances(const at::Tensor& queries, const at::Tensor& reference) {
  return (queries.to(at::kDouble).unsqueeze(1) - reference.to(at::kDouble).unsqueeze(0)).square().sum(2);
}

void expect_brute_force(const Neighbours& found, const at::Tensor& queries, const at::Tensor& reference,
                        const NeighbourOptions& options) {
  auto distances = all_distances(queries, reference);
  if (options.skip_self) distances.fill_diagonal_(1e30);
  const auto expected = std::get<0>(distances.sort(1));
  EXPECT_TRUE(at::allclose(found.distances.to(at::kDouble), expected.slice(1, 0, options.count), 1e-5, 1e-6));
  // Distances that float32 cannot tell apart may change places.
  const auto own = distances.gather(1, found.indices.to(at::kLong));
  EXPECT_TRUE(at::allclose(own, expected.slice(1, 0, options.count), 1e-5, 1e-6));
  const auto sorted = std::get<0>(found.indices.sort(1));
  EXPECT_TRUE((sorted.slice(1, 1) > sorted.slice(1, 0, -1)).all().item<bool>()) << "a row was found twice";
}

TEST(NearestNeighbours, AgreeWithBruteForce) {
  const auto points = grouped_points(700, 20, 5);  // more than one block of queries
  const NeighbourOptions options{30, true, {}};
  expect_brute_force(nearest_neighbours(points, points, options), points, points, options);
  expect_brute_force(nearest_neighbours_by_tensors(points, points, options), points, points, options);
}

TEST(NearestNeighbours, OfOtherPointsIncludeEqualOnes) {
  const auto reference = normal_points(5000, 3, 2);  // more than one block of the reference
  const auto queries = reference.slice(0, 4500, 4600).clone();
  const NeighbourOptions options{7, false, {}};
  const auto found = nearest_neighbours(queries, reference, options);
  expect_brute_force(found, queries, reference, options);
  EXPECT_EQ(found.indices[3][0].item<int>(), 4503);
  EXPECT_EQ(found.distances[3][0].item<float>(), 0.0F);
}

TEST(NearestNeighbours, TieBreaksByRow) {
  // Points 0 … 9 on a line, query 4: 3 and 5 at distance 1, 2 and 6 at 2.
  const auto points = at::arange(10, at::kFloat).unsqueeze(1);
  for (const auto& search : {nearest_neighbours, nearest_neighbours_by_tensors}) {
    const auto found = search(points, points, {4, true, {}});
    EXPECT_TRUE(at::equal(found.indices[4], at::tensor({3, 5, 2, 6}, at::kInt)));
    EXPECT_TRUE(at::equal(found.distances[4], at::tensor({1.0F, 1.0F, 4.0F, 4.0F})));
  }
}

TEST(NearestNeighbours, AllOthersCanBeAskedFor) {
  const auto points = normal_points(40, 2, 9);
  const NeighbourOptions options{39, true, {}};
  expect_brute_force(nearest_neighbours(points, points, options), points, points, options);
  expect_brute_force(nearest_neighbours_by_tensors(points, points, options), points, points, options);
}

TEST(NearestNeighbours, FarFromZeroKeepTheirOrder) {
  const auto points = normal_points(600, 4, 4) + 1000.0F;
  const NeighbourOptions options{20, true, {}};
  expect_brute_force(nearest_neighbours(points, points, options), points, points, options);
}

TEST(NearestNeighbours, EndWhenTheCallerThrows) {
  const auto points = normal_points(50, 2, 9);
  const NeighbourOptions options{3, true, [] { throw std::runtime_error("enough"); }};
  EXPECT_THROW(nearest_neighbours(points, points, options), std::runtime_error);
}

}  // namespace
}  // namespace svhn::interpret
