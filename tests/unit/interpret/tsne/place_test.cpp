#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <string>

#include "core/error.h"
#include "core/signals.h"
#include "interpret/tsne/neighbours.h"
#include "interpret/tsne/tsne.h"
#include "unit/interpret/tsne/points.h"

namespace svhn::interpret {
namespace {

using at::Tensor;

/// 500 points of 5 groups and their map; 50 more to place.
struct Fixture {
  Tensor all = testing::grouped_points(550, 12, 5);
  Tensor reference = all.slice(0, 0, 500).contiguous(), fresh = all.slice(0, 500).contiguous();
  Tensor map;

  Fixture() {
    TsneOptions options;
    options.perplexity = 15.0;
    options.iterations = 400;
    map = tsne(reference, options).map;
  }
};

TEST(Transform, PutsNewPointsAmongTheirGroup) {
  const Fixture data;
  for (const auto method : {TsneMethod::fft, TsneMethod::exact}) {
    TransformOptions options;
    options.method = method;
    const auto placed = transform(data.fresh, data.reference, data.map, options);
    const auto nearest =
        nearest_neighbours(placed.map, data.map, {1, false, {}}).indices.to(at::kLong).squeeze(1);
    const auto group = at::arange(500, 550, at::kLong).remainder(5);
    EXPECT_GT(nearest.remainder(5).eq(group).to(at::kDouble).mean().item<double>(), 0.97);
    EXPECT_LT(placed.kl_divergence, placed.start_kl_divergence);
  }
}

TEST(Transform, BothMethodsAgree) {
  const Fixture data;
  TransformOptions options;
  const auto fft = transform(data.fresh, data.reference, data.map, options);
  options.method = TsneMethod::exact;
  const auto exact = transform(data.fresh, data.reference, data.map, options);
  EXPECT_NEAR(fft.kl_divergence, exact.kl_divergence, 0.01);
  EXPECT_LT((fft.map - exact.map).norm(2, 1).median().item<double>(), 0.1);
}

TEST(Transform, PointsDoNotSeeEachOther) {
  const Fixture data;
  const auto together = transform(data.fresh, data.reference, data.map).map;
  const auto alone = transform(data.fresh.slice(0, 10, 11).contiguous(), data.reference, data.map).map;
  EXPECT_TRUE(at::allclose(together.slice(0, 10, 11), alone, 1e-3, 1e-3));
}

TEST(Transform, RefusesWhatDoesNotFitTheMap) {
  const Tensor points = testing::normal_points(30, 4, 1), map = testing::normal_points(30, 2, 1);
  const auto failure = [&](const Tensor& fresh, const Tensor& reference_map, const TransformOptions& options) {
    try {
      transform(fresh, points, reference_map, options);
    } catch (const core::Error& error) {
      return std::string(error.what());
    }
    return std::string("no failure");
  };
  EXPECT_NE(failure(testing::normal_points(3, 5, 1), map, {}).find("5 features"), std::string::npos);
  EXPECT_NE(failure(points, map.slice(0, 0, 20), {}).find("20 rows"), std::string::npos);
  EXPECT_NE(failure(points, map * (1.0 / 0.0), {}).find("not finite"), std::string::npos);
  EXPECT_NE(failure(points, map, {.perplexity = 30.0}).find("perplexity"), std::string::npos);
  EXPECT_THROW(transform(points, points, map, {.stop_signal = [] { return 15; }}), core::Interrupted);
}

}  // namespace
}  // namespace svhn::interpret
