#include "interpret/tsne/tsne.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <limits>
#include <string>
#include <vector>

#include "core/error.h"
#include "core/signals.h"
#include "interpret/tsne/neighbours.h"
#include "unit/interpret/tsne/points.h"

namespace svhn::interpret {
namespace {

using at::Tensor;
using testing::grouped_points;
using testing::normal_points;

TsneOptions short_run(std::int64_t iterations = 60) {
  TsneOptions options;
  options.perplexity = 10.0;
  options.iterations = iterations;
  options.exploration = iterations / 2;
  return options;
}

/// Share of points whose nearest point on the map is of their group; row i is of group i % groups.
double same_group(const Tensor& map, std::int64_t groups) {
  const auto found = nearest_neighbours(map, map, {1, true, {}}).indices.to(at::kLong).squeeze(1);
  const auto own = at::arange(map.size(0), at::kLong).remainder(groups);
  return found.remainder(groups).eq(own).to(at::kDouble).mean().item<double>();
}

std::string failure(const Tensor& points, const TsneOptions& options, core::ExitCode code) {
  try {
    tsne(points, options);
  } catch (const core::Error& error) {
    EXPECT_EQ(error.code(), code);
    return error.what();
  }
  return "no failure";
}

TEST(Tsne, KeepsGroupsTogetherByEitherMethod) {
  const auto points = grouped_points(400, 20, 5);
  TsneOptions options = short_run(500);
  options.exploration = 250;
  const auto fft = tsne(points, options);
  options.method = TsneMethod::exact;
  const auto exact = tsne(points, options);
  EXPECT_EQ(fft.map.sizes(), (std::vector<std::int64_t>{400, 2}));
  EXPECT_GT(same_group(fft.map, 5), 0.99);
  EXPECT_GT(same_group(exact.map, 5), 0.99);
  EXPECT_NEAR(fft.kl_divergence, exact.kl_divergence, 0.15);
  EXPECT_EQ(fft.neighbours, 31);
  EXPECT_EQ(exact.neighbours, 399);
}

TEST(Tsne, SameSeedSameBytes) {
  const auto points = grouped_points(500, 8, 4);
  for (const auto start : {TsneStart::pca, TsneStart::random}) {
    TsneOptions options = short_run();
    options.start = start;
    EXPECT_TRUE(at::equal(tsne(points, options).map, tsne(points, options).map));
  }
}

TEST(Tsne, SeedMovesTheRandomStartAlone) {
  const auto points = grouped_points(200, 8, 4);
  TsneOptions first = short_run(), second = short_run();
  second.seed = 2;
  EXPECT_TRUE(at::equal(tsne(points, first).map, tsne(points, second).map));
  first.start = second.start = TsneStart::random;
  EXPECT_FALSE(at::equal(tsne(points, first).map, tsne(points, second).map));
}

TEST(Tsne, DoesNotDependOnTheScaleOfThePoints) {
  const auto points = grouped_points(200, 8, 4);
  const auto map = tsne(points, short_run()).map;
  for (const float factor : {0x1p-60F, 0x1p60F})
    EXPECT_TRUE(at::equal(tsne(points * factor, short_run()).map, map));
}

TEST(Tsne, TellsTheLearningRateAndTheReduction) {
  const auto points = grouped_points(300, 80, 4);
  const auto reduced = tsne(points, short_run(2));
  EXPECT_EQ(reduced.input_features, 80);
  EXPECT_EQ(reduced.features, 50);
  EXPECT_EQ(reduced.learning_rate, 50.0);  // max(300 / 12 / 4, 50)
  TsneOptions options = short_run(2);
  options.pca_features = 0;
  options.early_exaggeration = 1.0;
  const auto whole = tsne(points, options);
  EXPECT_EQ(whole.features, 80);
  EXPECT_EQ(whole.learning_rate, 75.0);  // 300 / 1 / 4
}

TEST(Tsne, ReportsEveryStepAndStopsWhenAsked) {
  const auto points = grouped_points(100, 4, 4);
  std::vector<std::int64_t> seen;
  TsneOptions options = short_run(10);
  options.progress = [&](const TsneProgress& progress) {
    seen.push_back(progress.iteration);
    EXPECT_EQ(progress.early_exaggeration, progress.iteration <= 5);
  };
  tsne(points, options);
  EXPECT_EQ(seen, (std::vector<std::int64_t>{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10}));
  options.stop_signal = [&] { return seen.back() == 3 ? 2 : 0; };
  seen.assign(1, 0);
  try {
    tsne(points, options);
    FAIL() << "did not stop";
  } catch (const core::Interrupted& stop) {
    EXPECT_EQ(stop.signal(), 2);
    EXPECT_EQ(seen.back(), 3);
  }
}

TEST(Tsne, TakesPointsOnALineAndEqualPoints) {
  auto options = short_run();
  options.perplexity = 3.0;
  const auto line = at::arange(40, at::kFloat).unsqueeze(1);
  EXPECT_TRUE(at::isfinite(tsne(line, options).map).all().item<bool>());
  const auto doubled = at::cat({normal_points(20, 3, 1), normal_points(20, 3, 1)});
  const auto map = tsne(doubled, options).map;
  EXPECT_TRUE(at::isfinite(map).all().item<bool>());
  // The smallest input: 4 points.
  options.perplexity = 1.0;
  EXPECT_TRUE(at::isfinite(tsne(normal_points(4, 2, 1), options).map).all().item<bool>());
}

// By hand: each of 31 points has 30 others, three for each unit of a perplexity of 10.
TEST(FittingPerplexity, LeavesEachPointItsNeighbours) {
  EXPECT_EQ(fitting_perplexity(30.0, 91), 30.0);
  EXPECT_EQ(fitting_perplexity(30.0, 31), 10.0);
  EXPECT_EQ(fitting_perplexity(5.0, 1000), 5.0);
  for (std::int64_t points = 4; points < 40; ++points) {
    auto options = short_run();
    options.perplexity = fitting_perplexity(30.0, points);
    EXPECT_TRUE(at::isfinite(tsne(normal_points(points, 3, 1), options).map).all().item<bool>()) << points;
  }
}

TEST(Tsne, RefusesWhatItCannotMap) {
  const auto points = grouped_points(20, 4, 2);
  auto options = short_run();
  EXPECT_NE(failure(points.slice(0, 0, 10), options, core::ExitCode::usage).find("perplexity"),
            std::string::npos);
  EXPECT_NE(failure(points.slice(0, 0, 3), options, core::ExitCode::data).find("at least 4"),
            std::string::npos);
  EXPECT_NE(failure(at::ones({20, 4}), options, core::ExitCode::data).find("the same"), std::string::npos);
  EXPECT_NE(failure(points.to(at::kDouble), options, core::ExitCode::data).find("float32"),
            std::string::npos);
  EXPECT_NE(failure(points[0], options, core::ExitCode::data).find("table"), std::string::npos);
  Tensor broken = points.clone();
  broken[7][1].fill_(std::numeric_limits<float>::infinity());
  EXPECT_NE(failure(broken, options, core::ExitCode::data).find("row 7"), std::string::npos);
  options.method = TsneMethod::exact;
  EXPECT_NE(failure(normal_points(kMaxExactPoints + 1, 1, 1), options, core::ExitCode::usage).find("5001"),
            std::string::npos);
  options = short_run();
  options.early_exaggeration = 0.5;
  EXPECT_NE(failure(points, options, core::ExitCode::usage).find("early_exaggeration"), std::string::npos);
  options = short_run();
  options.learning_rate = 1e30;
  EXPECT_NE(failure(points, options, core::ExitCode::numeric).find("diverged"), std::string::npos);
}

/// 500 points of 5 groups and their map; 50 new ones.
struct ReferenceMap {
  Tensor all = grouped_points(550, 12, 5);
  Tensor reference = all.slice(0, 0, 500).contiguous(), fresh = all.slice(0, 500).contiguous();
  Tensor map;

  ReferenceMap() {
    TsneOptions options;
    options.perplexity = 15.0;
    options.iterations = 400;
    map = tsne(reference, options).map;
  }
};

TEST(Transform, PutsNewPointsAmongTheirGroup) {
  const ReferenceMap data;
  for (const auto method : {TsneMethod::fft, TsneMethod::exact}) {
    TransformOptions options;
    options.method = method;
    const auto result = transform(data.fresh, data.reference, data.map, options);
    const auto nearest =
        nearest_neighbours(result.map, data.map, {1, false, {}}).indices.to(at::kLong).squeeze(1);
    const auto group = at::arange(500, 550, at::kLong).remainder(5);
    EXPECT_GT(nearest.remainder(5).eq(group).to(at::kDouble).mean().item<double>(), 0.97);
    EXPECT_LT(result.kl_divergence, result.start_kl_divergence);
  }
}

TEST(Transform, BothMethodsAgree) {
  const ReferenceMap data;
  TransformOptions options;
  const auto fft = transform(data.fresh, data.reference, data.map, options);
  options.method = TsneMethod::exact;
  const auto exact = transform(data.fresh, data.reference, data.map, options);
  EXPECT_NEAR(fft.kl_divergence, exact.kl_divergence, 0.01);
  EXPECT_LT((fft.map - exact.map).norm(2, 1).median().item<double>(), 0.1);
}

TEST(Transform, PointsDoNotSeeEachOther) {
  const ReferenceMap data;
  const auto together = transform(data.fresh, data.reference, data.map).map;
  const auto alone = transform(data.fresh.slice(0, 10, 11).contiguous(), data.reference, data.map).map;
  EXPECT_TRUE(at::allclose(together.slice(0, 10, 11), alone, 1e-3, 1e-3));
}

TEST(Transform, RefusesWhatDoesNotFitTheMap) {
  const Tensor points = normal_points(30, 4, 1), map = normal_points(30, 2, 1);
  const auto transform_failure = [&](const Tensor& fresh, const Tensor& reference_map,
                                     const TransformOptions& options) {
    try {
      transform(fresh, points, reference_map, options);
    } catch (const core::Error& error) {
      return std::string(error.what());
    }
    return std::string("no failure");
  };
  EXPECT_NE(transform_failure(normal_points(3, 5, 1), map, {}).find("5 features"), std::string::npos);
  EXPECT_NE(transform_failure(points, map.slice(0, 0, 20), {}).find("20 rows"), std::string::npos);
  EXPECT_NE(transform_failure(points, map * (1.0 / 0.0), {}).find("not finite"), std::string::npos);
  EXPECT_NE(transform_failure(points, map, {.perplexity = 30.0}).find("perplexity"), std::string::npos);
  EXPECT_THROW(transform(points, points, map, {.stop_signal = [] { return 15; }}), core::Interrupted);
}

}  // namespace
}  // namespace svhn::interpret
