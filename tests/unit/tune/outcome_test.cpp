#include "tune/outcome.h"

#include <gtest/gtest.h>

namespace svhn::tune {
namespace {

using Curves = std::vector<std::vector<double>>;

TEST(CurveScore, IsTheBestOrTheLast) {
  const std::vector<double> curve{0.3, 0.7, 0.5};
  EXPECT_EQ(curve_score(curve, Score::best, true), 0.7);
  EXPECT_EQ(curve_score(curve, Score::best, false), 0.3);
  EXPECT_EQ(curve_score(curve, Score::last, true), 0.5);
  EXPECT_EQ(curve_score({}, Score::best, true), std::nullopt);
}

// Running means over two epochs: (.2 + .4) / 2 = .3, (.4 + .6) / 2 = .5, (.6 + 1) / 2 = .8: the median is .5.
const Curves kCompleted{{0.2, 0.4, 0.9}, {0.4, 0.6, 0.9}, {0.6, 1.0, 1.0}};

TEST(MedianRule, ComparesTheBestSoFarWithTheMedianOfRunningMeans) {
  const StoppingOptions options;  // min_epochs 1, min_trials 3.
  const auto stops = [&](std::vector<double> curve) {
    return median_rule_stops(curve, kCompleted, options, true);
  };
  EXPECT_TRUE(stops({0.1, 0.49}));
  EXPECT_FALSE(stops({0.1, 0.5})) << "equal is not worse";
  EXPECT_FALSE(stops({0.51, 0.1})) << "its best epoch counts";
  EXPECT_TRUE(stops({0.39})) << "the median of .2, .4, .6";
  EXPECT_FALSE(stops({0.41}));
}

TEST(MedianRule, TakesTheMeanOfTheTwoInTheMiddle) {
  StoppingOptions options;
  options.min_trials = 2;
  const Curves two{{0.2}, {0.6}};
  EXPECT_TRUE(median_rule_stops(std::vector{0.39}, two, options, true));
  EXPECT_FALSE(median_rule_stops(std::vector{0.41}, two, options, true));
}

TEST(MedianRule, HoldsLossesTheOtherWayRound) {
  const StoppingOptions options;
  EXPECT_TRUE(median_rule_stops(std::vector{0.9, 0.51}, kCompleted, options, false));
  EXPECT_FALSE(median_rule_stops(std::vector{0.9, 0.49}, kCompleted, options, false));
}

TEST(MedianRule, WaitsForEpochsAndTrials) {
  StoppingOptions options;
  const std::vector<double> bad{0.0, 0.0};
  options.min_epochs = 3;
  EXPECT_FALSE(median_rule_stops(bad, kCompleted, options, true));
  options.min_epochs = 2;
  EXPECT_TRUE(median_rule_stops(bad, kCompleted, options, true));
  options.min_trials = 4;
  EXPECT_FALSE(median_rule_stops(bad, kCompleted, options, true));
  const Curves shorter{{0.9}, {0.9}, {0.9}, {0.9}};
  EXPECT_FALSE(median_rule_stops(bad, shorter, options, true)) << "no curve has two epochs";
}

// Sorted, with the worst possible values of the running trials: (-inf, .2, .4, .6), then (-inf, -inf, .2, .4,
// .6).
TEST(MedianRule, StopsEarlyOnlyWhatRunningTrialsCannotSave) {
  const StoppingOptions options;
  const Curves three{{0.2}, {0.4}, {0.6}};
  const auto will_stop = [&](double value, std::size_t running) {
    return median_rule_will_stop(std::vector{value}, three, running, options, true);
  };
  EXPECT_TRUE(will_stop(0.39, 0));
  EXPECT_TRUE(will_stop(0.29, 1));
  EXPECT_FALSE(will_stop(0.31, 1));
  EXPECT_TRUE(will_stop(0.19, 2));
  EXPECT_FALSE(will_stop(0.21, 2));
  EXPECT_FALSE(will_stop(0.0, 3));
  EXPECT_TRUE(median_rule_will_stop(std::vector{0.51}, three, 1, options, false)) << "a loss";
  EXPECT_FALSE(median_rule_will_stop(std::vector{0.49}, three, 1, options, false));
  const Curves two{{0.2}, {0.4}};
  EXPECT_FALSE(median_rule_will_stop(std::vector{0.0}, two, 5, options, true)) << "perhaps too few trials";
}

TEST(HalvingRungs, MultiplyUpToTheLastEpoch) {
  StoppingOptions options;
  options.reduction = 3;
  EXPECT_EQ(halving_rungs(options, 0, 27), (std::vector<std::int64_t>{1, 3, 9, 27}));
  EXPECT_EQ(halving_rungs(options, 1, 27), (std::vector<std::int64_t>{3, 9, 27}));
  EXPECT_EQ(halving_rungs(options, 2, 10), (std::vector<std::int64_t>{9, 10}));
  EXPECT_EQ(halving_rungs(options, 3, 10), (std::vector<std::int64_t>{10}));
  options.min_epochs = 4;
  options.reduction = 2;
  EXPECT_EQ(halving_rungs(options, 0, 10), (std::vector<std::int64_t>{4, 8, 10}));
  EXPECT_EQ(halving_rungs(options, 0, 3), (std::vector<std::int64_t>{3}));
}

TEST(HalvingSurvivors, AreTheBestThirdAndNeverNone) {
  const std::vector<std::optional<double>> scores{0.5, 0.9, std::nullopt, 0.7, 0.9, 0.1};
  EXPECT_EQ(halving_survivors(scores, 3, true), (std::vector<std::size_t>{1, 4}));
  EXPECT_EQ(halving_survivors(scores, 3, false), (std::vector<std::size_t>{0, 5}));
  EXPECT_EQ(halving_survivors(scores, 10, true), (std::vector<std::size_t>{1})) << "of equals the first";
  const std::vector<std::optional<double>> failed{std::nullopt, std::nullopt};
  EXPECT_TRUE(halving_survivors(failed, 2, true).empty());
}

}  // namespace
}  // namespace svhn::tune
