#include "report/charts/search.h"

#include <gtest/gtest.h>

#include <cmath>

#include "core/error.h"
#include "unit/report/charts/chart_files.h"

namespace svhn::report {
namespace {

metric::TrialResult trial(std::int64_t id, std::optional<double> score) {
  metric::TrialResult trial;
  trial.id = id;
  trial.score = score;
  trial.status = score ? metric::TrialStatus::completed : metric::TrialStatus::failed;
  trial.values = {{"units", {"/model/layers/1/units"}, std::to_string(32 * id)}};
  if (!score) trial.error = "diverged";
  return trial;
}

metric::TuningResult search(std::int64_t trials) {
  metric::TuningResult result{"tune_units", "random", "val_accuracy", true, false, {}};
  for (std::int64_t id = 1; id <= trials; ++id) result.trials.push_back(trial(id, 0.1 * double(id % 7)));
  return result;
}

TEST(TuningChart, PutsTheBestTrialOnTopAndSaysWhyAnotherFailed) {
  auto result = search(2);
  result.trials.push_back(trial(3, std::nullopt));
  const Chart chart = tuning_chart(result);
  EXPECT_NE(chart.commands.find("(\"units=64\" 0, \"units=32\" 1, \"units=96\" 2)"), std::string::npos)
      << chart.commands;
  EXPECT_NE(chart.commands.find("failed: diverged"), std::string::npos) << chart.commands;
  EXPECT_DOUBLE_EQ(chart.data.at(0)[0][0], 0.2);
}

std::string labels_of_rows(const Chart& chart) {
  const std::size_t at = chart.commands.find("set ytics scale 0 (");
  return chart.commands.substr(at, chart.commands.find(" font ", at) - at);
}

TEST(TuningChart, KeepsTrialsApartThatDifferInTheMiddle) {
  auto result = search(2);
  for (auto& trial : result.trials) {
    trial.values.insert(trial.values.begin(),
                        {"optimizer_of_the_head", {"/a"}, "\"adam_with_weight_decay\""});
    trial.values.push_back({"activation_of_the_last_layers", {"/b"}, "\"selu\""});
    trial.values.push_back({"batch_size_of_an_epoch", {"/c"}, "64"});
  }
  EXPECT_EQ(labels_of_rows(tuning_chart(result)),
            "set ytics scale 0 (\"\xE2\x80\xA6 units=64 \xE2\x80\xA6\" 0, "
            "\"\xE2\x80\xA6 units=32 \xE2\x80\xA6\" 1)");
}

TEST(TuningChart, NamesTheTrialWhereLabelsAreEqual) {
  auto result = search(2);
  for (auto& trial : result.trials) trial.label = "base";
  EXPECT_EQ(labels_of_rows(tuning_chart(result)),
            "set ytics scale 0 (\"base (trial 2)\" 0, \"base (trial 1)\" 1)");
}

TEST(TuningChart, BreaksALongTitle) {
  auto result = search(1);
  result.name = std::string(90, 'n');
  const std::string commands = tuning_chart(result).commands;
  EXPECT_NE(commands.find("\".\"\\n\".\""), std::string::npos) << commands;
  EXPECT_NE(commands.find("1 trial, random search"), std::string::npos) << commands;
}

// The axis is longer than the best score, so that the number has its place behind the bar.
TEST(TuningChart, HasRoomForTheNumberBehindTheLongestBar) {
  const std::string commands = tuning_chart(search(2)).commands;
  const std::size_t at = commands.find("set xrange [0:") + 14;
  EXPECT_GT(std::stod(commands.substr(at)), 0.2 * 1.05);
  EXPECT_LT(std::stod(commands.substr(at)), 0.2 * 1.3);
}

// Scores 0.1 … 0.6, then 0 and again: from trial 6 on the best so far is 0.6.
TEST(TuningChart, ShowsManyTrialsInTheirOrderWithTheBestSoFar) {
  const Chart chart = tuning_chart(search(50));
  const Rows best = chart.data.at(1);
  ASSERT_EQ(best.size(), 50U);
  EXPECT_DOUBLE_EQ(best[2][1], 0.1 * 3);
  EXPECT_DOUBLE_EQ(best[49][1], 0.1 * 6);
}

TEST(TuningChart, NeedsATrial) {
  EXPECT_THROW(tuning_chart(search(0)), core::Error);
}

TEST(WriteTuningChart, DrawsBothForms) {
  SVHN_NEEDS_GNUPLOT();
  const ChartFolder folder;
  auto result = search(3);
  result.trials.push_back(trial(4, std::nullopt));
  result.trials.back().label = "a\"`id`\n";
  EXPECT_EQ(write_tuning_chart(folder / "a.svg", result).message, "");
  EXPECT_EQ(write_tuning_chart(folder / "b.png", search(50)).message, "");
}

metric::ComparisonResult comparison() {
  metric::ComparisonResult result{"q4_compare", false, {}};
  result.backbones.push_back({"xception", "random", 5, {}, {}, {}, {}, "too small"});
  result.backbones.push_back({"vgg16",
                              "w",
                              5,
                              {512, 1, 1},
                              metric::BackboneScore{0.57, 12},
                              metric::BackboneScore{0.92, 88},
                              {},
                              {}});
  return result;
}

TEST(ComparisonChart, DrawsBothAccuraciesAndTellsTheTimes) {
  const Chart chart = comparison_chart(comparison());
  EXPECT_DOUBLE_EQ(chart.data.at(0)[0][0], 0.57);
  EXPECT_DOUBLE_EQ(chart.data.at(1)[0][0], 0.92);
  EXPECT_NE(chart.commands.find("0.92  12 s + 88 s"), std::string::npos) << chart.commands;
}

TEST(ComparisonChart, HasARowForEachResultAndNamesTheRest) {
  auto result = comparison();
  result.backbones.push_back({"resnet50", "random", 5, {}, {}, {}, {}, "no weights"});
  const Chart chart = comparison_chart(result);
  EXPECT_EQ(chart.data.at(0).size(), 1U);
  EXPECT_NE(chart.commands.find("set ytics scale 0 (\"vgg16\" 0)"), std::string::npos) << chart.commands;
  EXPECT_NE(chart.commands.find("Without a result: xception, resnet50"), std::string::npos) << chart.commands;
}

TEST(ComparisonChart, SaysWhyWhereNothingHasAResult) {
  auto result = comparison();
  result.backbones.pop_back();
  const Chart chart = comparison_chart(result);
  EXPECT_NE(chart.commands.find("set ytics scale 0 (\"xception\" 0)"), std::string::npos) << chart.commands;
  EXPECT_NE(chart.commands.find("too small"), std::string::npos) << chart.commands;
  EXPECT_EQ(chart.commands.find("Without a result"), std::string::npos) << chart.commands;
}

TEST(ComparisonChart, HasOneBarABackboneWhenNothingWasUnfrozen) {
  auto result = comparison();
  result.backbones[1].unfrozen.reset();
  EXPECT_EQ(comparison_chart(result).data.size(), 1U);
}

TEST(ComparisonChart, NeedsABackbone) {
  EXPECT_THROW(comparison_chart({"x", false, {}}), core::Error);
}

TEST(WriteComparisonChart, DrawsAPng) {
  SVHN_NEEDS_GNUPLOT();
  const ChartFolder folder;
  EXPECT_EQ(write_comparison_chart(folder / "c.png", comparison()).message, "");
}

}  // namespace
}  // namespace svhn::report
