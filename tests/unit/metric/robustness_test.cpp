#include "metric/robustness.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace svhn::metric {
namespace {

Robustness result() {
  return {3, {2, 5}, {{"fog", "weather"}, {"frost", "weather"}}, {"mine", 0.05, {{0.1, 0.3}, {0.2, 0.4}}}};
}

/// CE: 0.4 / 0.8 and 0.6 / 0.8; relative: 0.15 / 0.3 and 0.25 / 0.3.
Robustness with_baseline() {
  Robustness all = result();
  all.baseline = {"theirs", 0.1, {{0.2, 0.6}, {0.4, 0.4}}};
  return all;
}

TEST(Robustness, MeansOverSeveritiesAndThenOverCorruptions) {
  EXPECT_DOUBLE_EQ(mean_error(result().errors, 0), 0.2);
  EXPECT_DOUBLE_EQ(mean_error(result().errors, 1), 0.3);
  EXPECT_DOUBLE_EQ(mean_error(result().errors), 0.25);
}

TEST(Robustness, RelatesErrorsToTheBaselinesAsThePaperDoes) {
  const Robustness all = with_baseline();
  EXPECT_DOUBLE_EQ(*corruption_error(all, 0), 0.5);
  EXPECT_DOUBLE_EQ(*corruption_error(all, 1), 0.75);
  EXPECT_DOUBLE_EQ(*mean_corruption_error(all), 0.625);
  EXPECT_DOUBLE_EQ(*relative_corruption_error(all, 0), 0.5);
  EXPECT_NEAR(*relative_corruption_error(all, 1), 0.25 / 0.3, 1e-12);
  EXPECT_NEAR(*mean_relative_corruption_error(all), (0.5 + 0.25 / 0.3) / 2, 1e-12);
}

TEST(Robustness, HasNoRelationToNothing) {
  EXPECT_FALSE(corruption_error(result(), 0));
  EXPECT_FALSE(mean_corruption_error(result()));
  Robustness all = with_baseline();
  all.baseline->corrupted[1] = {0.0, 0.0};
  EXPECT_FALSE(corruption_error(all, 1));
  EXPECT_FALSE(mean_corruption_error(all));
  EXPECT_TRUE(corruption_error(all, 0));
  all.baseline->corrupted[1] = {0.1, 0.1};
  EXPECT_FALSE(relative_corruption_error(all, 1));  // No more errors than on clean images.
}

TEST(FormatRobustness, ShowsPercentsAndMeans) {
  EXPECT_EQ(format_robustness(result()),
            "corruption  group        2      5   mean\n"
            "fog         weather  10.00  30.00  20.00\n"
            "frost       weather  20.00  40.00  30.00\n"
            "mean                 15.00  35.00  25.00\n");
  EXPECT_EQ(format_robustness(with_baseline()),
            "corruption  group        2      5   mean    CE  relative CE\n"
            "fog         weather  10.00  30.00  20.00  50.0         50.0\n"
            "frost       weather  20.00  40.00  30.00  75.0         83.3\n"
            "mean                 15.00  35.00  25.00  62.5         66.7\n");
}

TEST(RobustnessJson, HasErrorsAccuraciesAndMeans) {
  const auto json = robustness_json(result());
  EXPECT_EQ(json.at("seed"), 3);
  EXPECT_EQ(json.at("severities"), (std::vector<int>{2, 5}));
  EXPECT_EQ(json.at("clean_error"), 0.05);
  EXPECT_EQ(json.at("mean_error"), 0.25);
  EXPECT_EQ(json.at("mean_accuracy"), 0.75);
  EXPECT_EQ(json.at("corruptions").at(1).dump(),
            R"({"name":"frost","group":"weather","error":[0.2,0.4],"accuracy":[0.8,0.6],)"
            R"("mean_error":0.30000000000000004,"mean_accuracy":0.7})");
  EXPECT_EQ(json.at("note"), kFrostNote);
  EXPECT_FALSE(json.contains("baseline") || json.contains("mean_ce"));
}

TEST(RobustnessJson, HasTheBaselineAndNoNoteWithoutFrost) {
  Robustness all = with_baseline();
  const auto json = robustness_json(all);
  EXPECT_EQ(json.at("baseline").at("model"), "theirs");
  EXPECT_EQ(json.at("baseline").at("clean_error"), 0.1);
  EXPECT_EQ(json.at("baseline").at("mean_error"), 0.4);
  EXPECT_EQ(json.at("mean_ce"), 0.625);
  EXPECT_EQ(json.at("corruptions").at(0).at("relative_ce"), 0.5);
  all.corruptions[1].name = "snow";
  all.baseline->corrupted[1] = {0.0, 0.0};
  const auto other = robustness_json(all);
  EXPECT_FALSE(other.contains("note"));
  EXPECT_TRUE(other.at("mean_ce").is_null());
}

}  // namespace
}  // namespace svhn::metric
