#include "interpret/tsne/affinities.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <cmath>

#include "unit/interpret/tsne/points.h"

namespace svhn::interpret {
namespace {

using at::Tensor;

TEST(ConditionalProbabilities, HaveTheEntropyOfThePerplexity) {
  const auto points = testing::normal_points(300, 8, 1);
  const auto found = nearest_neighbours(points, points, {91, true, {}});
  const auto p = conditional_probabilities(found.distances, 30.0).to(at::kDouble);
  EXPECT_TRUE(at::allclose(p.sum(1), at::ones({300}, at::kDouble), 1e-6));
  const auto entropy = -at::xlogy(p, p).sum(1);
  EXPECT_TRUE(at::allclose(entropy, at::full({300}, std::log(30.0), at::kDouble), 0.0, 2e-5));
}

TEST(ConditionalProbabilities, OfTwoNeighboursSolveTheEquation) {
  // Distances 0 and 1, perplexity 1.5: p solves H(p) = -p ln p - (1-p) ln(1-p) = ln 1.5 = 0.405465. H(0.8597)
  // = 0.405507 and H(0.86) = 0.404964, so p = 0.85972.
  const auto p = conditional_probabilities(at::tensor({0.0F, 1.0F}).unsqueeze(0), 1.5);
  EXPECT_NEAR(p[0][0].item<float>(), 0.8597F, 2e-4F);
}

TEST(ConditionalProbabilities, DoNotDependOnScaleOrOffset) {
  const auto distances = at::tensor({1.0F, 2.0F, 4.0F, 8.0F, 9.0F}).unsqueeze(0);
  const auto p = conditional_probabilities(distances, 3.0);
  EXPECT_TRUE(at::allclose(conditional_probabilities(distances * 1e12F, 3.0), p, 1e-4));
  EXPECT_TRUE(at::allclose(conditional_probabilities(distances * 1e-12F, 3.0), p, 1e-4));
  EXPECT_TRUE(at::allclose(conditional_probabilities(distances + 16.0F, 3.0), p, 1e-4));
}

TEST(ConditionalProbabilities, OfEqualDistancesAreEqual) {
  const auto p = conditional_probabilities(at::full({1, 4}, 2.0F), 2.0);
  EXPECT_TRUE(at::allclose(p, at::full({1, 4}, 0.25F)));
}

TEST(JointAffinities, AreTheMeanOfBothDirections) {
  // 0's neighbour is 1, 1's is 2, 2's is 1 (one each): p01 = p10 = 1/6, p12 = p21 = 2/6.
  Neighbours neighbours{at::tensor({1, 2, 1}, at::kInt).unsqueeze(1), at::ones({3, 1})};
  const auto joint = joint_affinities(neighbours, at::ones({3, 1}));
  ASSERT_EQ(joint.starts, (std::vector<std::int64_t>{0, 16, 32, 48}));
  const auto entry = [&](std::size_t i) { return std::make_pair(joint.columns[i], joint.values[i]); };
  EXPECT_EQ(entry(0), std::make_pair(1, 1.0F / 6.0F));
  EXPECT_EQ(entry(16), std::make_pair(0, 1.0F / 6.0F));
  EXPECT_EQ(entry(17), std::make_pair(2, 1.0F / 3.0F));
  EXPECT_EQ(entry(32), std::make_pair(1, 1.0F / 3.0F));
  EXPECT_EQ(entry(1), std::make_pair(0, 0.0F));   // padding of row 0
  EXPECT_EQ(entry(47), std::make_pair(2, 0.0F));  // padding of row 2
  EXPECT_NEAR(joint.negative_entropy, 2.0 / 6.0 * std::log(1.0 / 6.0) + 2.0 / 3.0 * std::log(1.0 / 3.0),
              1e-6);
}

TEST(JointAffinities, AreSymmetricAndAddUpToOne) {
  const auto points = testing::grouped_points(700, 5, 4);
  const auto found = nearest_neighbours(points, points, {31, true, {}});
  const auto joint = joint_affinities(found, conditional_probabilities(found.distances, 10.0));
  auto dense = at::zeros({700, 700});
  for (std::int64_t row = 0; row < joint.points(); ++row) {
    const auto begin = joint.starts[static_cast<std::size_t>(row)],
               end = joint.starts[static_cast<std::size_t>(row) + 1];
    for (auto i = static_cast<std::size_t>(begin); i < static_cast<std::size_t>(end); ++i) {
      dense.data_ptr<float>()[row * 700 + joint.columns[i]] += joint.values[i];
    }
  }
  EXPECT_TRUE(at::equal(dense, dense.t()));
  EXPECT_NEAR(dense.sum(at::kDouble).item<double>(), 1.0, 1e-6);
}

TEST(ZOrder, NamesEveryPointOnceAndKeepsNeighboursTogether) {
  const Tensor map = at::tensor({0.0F, 0.0F, 9.0F, 9.0F, 0.1F, 0.1F, 9.1F, 9.1F, 0.0F, 0.0F}).view({5, 2});
  // Lower left before upper right; equal places by row.
  EXPECT_EQ(z_order(map), (std::vector<std::int32_t>{0, 4, 2, 1, 3}));
}

TEST(Reorder, MovesRowsAndColumnsAlike) {
  // By hand: p01 = 0.3, p12 = 0.2; order 2, 0, 1 makes them p12 and p02.
  Neighbours neighbours{at::tensor({1, 0, 1}, at::kInt).view({3, 1}), at::zeros({3, 1})};
  const auto from = joint_affinities(neighbours, at::tensor({0.8F, 1.0F, 1.2F}).view({3, 1}));
  Affinities to;
  core::ThreadPool pool(2);
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
