#include "interpret/tsne/pca.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <cmath>

#include "unit/interpret/tsne/points.h"

namespace svhn::interpret {
namespace {

using testing::normal_points;

TEST(Pca, FindsTheLineThatPointsLieOn) {
  // Points t * (3, 4) / 5 + (10, -2) for t = -1, 0, 1, 4: mean t 1, unbiased variance (4 + 1 + 0 + 9) / 3.
  const auto t = at::tensor({-1.0F, 0.0F, 1.0F, 4.0F}).unsqueeze(1);
  const auto points = t * at::tensor({0.6F, 0.8F}) + at::tensor({10.0F, -2.0F});
  const Pca pca = fit_pca(points, 2, 1);
  EXPECT_NEAR(pca.variances[0].item<double>(), 14.0 / 3.0, 1e-5);
  EXPECT_NEAR(pca.variances[1].item<double>(), 0.0, 1e-5);
  const auto scores = project(pca, points);
  for (int i = 0; i < 4; ++i) {
    EXPECT_NEAR(scores[i][0].item<float>(), t[i][0].item<float>() - 1.0F, 1e-5F);
  }
}

TEST(Pca, PointWithTheLargestScoreIsPositive) {
  const auto points = normal_points(200, 6, 3);
  for (const auto& sign : {1.0, -1.0}) {
    const auto scores = project(fit_pca(points * sign, 3, 1), points * sign);
    const auto rows = scores.abs().argmax(0, true);
    EXPECT_TRUE((scores.gather(0, rows) > 0).all().item<bool>());
  }
}

TEST(Pca, ReturnsNoMoreThanPointsOrFeaturesAllow) {
  EXPECT_EQ(fit_pca(normal_points(5, 3, 1), 50, 1).components.size(0), 3);
  EXPECT_EQ(fit_pca(normal_points(4, 30, 1), 50, 1).components.size(0), 4);
}

TEST(Pca, SubspaceIterationAgreesWithTheFullDecomposition) {
  // 600 features are above kExactPcaFeatures; appended zeros leave the leading components what they were.
  const auto scales = at::arange(1, 101, at::kFloat).reciprocal();
  const auto narrow = normal_points(300, 100, 5) * scales;
  const auto wide = at::cat({narrow, at::zeros({300, 500})}, 1);
  const Pca exact = fit_pca(narrow, 5, 1), iterated = fit_pca(wide, 5, 1);
  EXPECT_TRUE(at::allclose(exact.variances, iterated.variances, 1e-5));
  EXPECT_TRUE(at::allclose(project(exact, narrow), project(iterated, wide), 1e-3, 1e-4));
}

TEST(Pca, KeepsSmallSpreadsFarFromZero) {
  // A deviation of 1 around 10000: squares in float32 would lose it.
  const auto points = normal_points(5000, 2, 8) + 10000.0F;
  const Pca pca = fit_pca(points, 2, 1);
  EXPECT_NEAR(pca.variances[0].item<double>(), 1.0, 0.1);
  EXPECT_NEAR(pca.variances[1].item<double>(), 1.0, 0.1);
}

}  // namespace
}  // namespace svhn::interpret
