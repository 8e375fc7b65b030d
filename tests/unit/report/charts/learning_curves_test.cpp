#include "report/charts/learning_curves.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "core/error.h"
#include "unit/report/charts/chart_files.h"

namespace svhn::report {
namespace {

metric::History example() {
  metric::History history;
  history.loss = {2.5, 1.5, 1.0};
  history.accuracy = {0.25, 0.5, 0.75};
  history.val_loss = {2.25, 1.25, 1.5};
  history.val_accuracy = {0.375, 0.93914, 0.93914};
  return history;
}

bool contains(const Chart& chart, const std::string& text) {
  return chart.commands.find(text) != std::string::npos;
}

TEST(CurvesTitle, NamesEpochsAndTheFirstBestEpoch) {
  EXPECT_EQ(curves_title(example(), {"model_2_1", false}),
            "model_2_1: 3 epochs, best validation accuracy 0.9391 (epoch 2)");
}

TEST(CurvesTitle, SaysThatDigitsWereSynthetic) {
  EXPECT_EQ(curves_title(example(), {"m", true}),
            "m (synthetic digits): 3 epochs, best validation accuracy 0.9391 (epoch 2)");
}

TEST(CurvesTitle, OfOneEpochIsItsAccuracy) {
  metric::History one = example();
  for (const auto& field : metric::history_fields()) (one.*field.values).resize(field.required ? 1 : 0);
  EXPECT_EQ(curves_title(one, {"m", false}), "m: 1 epoch, validation accuracy 0.3750");
}

TEST(CurvesTitle, LeavesOutWhatIsNotANumber) {
  metric::History history = example();
  history.val_accuracy = {std::nan(""), 0.5, std::nan("")};
  EXPECT_EQ(curves_title(history, {"m", false}), "m: 3 epochs, best validation accuracy 0.5000 (epoch 2)");
}

// The agreed look: validation solid (dashtype 1), training dotted, loss blue on the left axis, accuracy red
// on the right one.
TEST(LearningCurvesChart, KeepsTheAgreedLook) {
  const Chart chart = learning_curves_chart(example(), {"m", false});
  const std::string line = "'-' using 1:2 with lines linewidth 3 dashtype ";
  EXPECT_TRUE(contains(chart, line + "1 linecolor rgb '#0077bb' title 'validation loss', "));
  EXPECT_TRUE(contains(chart, line + "'.' linecolor rgb '#0077bb' title 'training loss', "));
  EXPECT_TRUE(contains(chart, line + "1 linecolor rgb '#cc3311' title 'validation accuracy' axes x1y2, "));
  EXPECT_TRUE(contains(chart, line + "'.' linecolor rgb '#cc3311' title 'training accuracy' axes x1y2, "));
  EXPECT_TRUE(contains(chart, "set title \"m: 3 epochs, best validation accuracy 0.9391 (epoch 2)\"\n"));
  EXPECT_TRUE(contains(chart, "set grid "));
  EXPECT_TRUE(contains(chart, "set key center bottom "));
}

TEST(LearningCurvesChart, SendsTheCurvesInTheOrderOfThePlot) {
  const Chart chart = learning_curves_chart(example(), {"m", false});
  const std::vector<Rows> expected{{{1, 2.25}, {2, 1.25}, {3, 1.5}},
                                   {{1, 2.5}, {2, 1.5}, {3, 1.0}},
                                   {{1, 0.375}, {2, 0.93914}, {3, 0.93914}},
                                   {{1, 0.25}, {2, 0.5}, {3, 0.75}},
                                   {{2, 0.93914}}};
  EXPECT_EQ(chart.data, expected);
}

// The last source is the dot; epoch 2 is the first with the best accuracy.
TEST(LearningCurvesChart, MarksTheBestEpoch) {
  const Chart chart = learning_curves_chart(example(), {"m", false});
  EXPECT_EQ(chart.data.back(), (Rows{{2, 0.93914}}));
  EXPECT_TRUE(contains(chart, "title 'best epoch: 2' axes x1y2\n")) << chart.commands;
  EXPECT_TRUE(contains(chart, "set arrow from first 2, graph 0 to first 2, graph 1 nohead"))
      << chart.commands;
}

TEST(LearningCurvesChart, MarksNoBestEpochOfOne) {
  metric::History one = example();
  for (const auto& field : metric::history_fields()) (one.*field.values).resize(field.required ? 1 : 0);
  const Chart chart = learning_curves_chart(one, {"m", false});
  EXPECT_EQ(chart.data.size(), 4U);
  EXPECT_FALSE(contains(chart, "best epoch"));
}

// Gnuplot's own format, "% h", begins with a space, which moves a number beside its tic.
TEST(LearningCurvesChart, PutsNumbersAtTheirTics) {
  EXPECT_TRUE(contains(learning_curves_chart(example(), {"m", false}), "set format '%g'\n"));
}

TEST(LearningCurvesChart, LeavesAGapWhereANumberIsNotFinite) {
  metric::History history = example();
  history.loss[1] = std::numeric_limits<double>::infinity();
  EXPECT_TRUE(std::isnan(learning_curves_chart(history, {"m", false}).data[1][1][1]));
}

TEST(LearningCurvesChart, RefusesAHistoryWithoutEpochs) {
  EXPECT_THROW(learning_curves_chart({}, {"m", false}), core::Error);
}

TEST(LearningCurvesChart, TitlesCannotBecomeCommands) {
  const Chart chart = learning_curves_chart(example(), {"a\"\n!ls `id` @b", false});
  EXPECT_TRUE(contains(chart, "set title \"a\\0042\\0077\\0041ls \\140id\\140 \\100b: 3 epochs"));
}

TEST(LearningCurvesChart, DrawsOneEpoch) {
  SVHN_NEEDS_GNUPLOT();
  const ChartFolder folder;
  metric::History one = example();
  for (const auto& field : metric::history_fields()) (one.*field.values).resize(field.required ? 1 : 0);
  const auto result = write_chart(folder / "c.png", learning_curves_chart(one, {"m", false}));
  ASSERT_EQ(result.status, ChartStatus::drawn) << result.message;
  EXPECT_EQ(png_size(folder / "c.png"), (PngSize{1200, 800}));
}

TEST(LearningCurvesChart, DrawsGapsAndFlatCurves) {
  SVHN_NEEDS_GNUPLOT();
  const ChartFolder folder;
  metric::History flat = example();
  flat.loss = flat.val_loss = {std::nan(""), 0, 0};
  flat.accuracy = flat.val_accuracy = {0.1, 0.1, 0.1};
  const auto result = write_chart(folder / "c.svg", learning_curves_chart(flat, {"m", false}));
  ASSERT_EQ(result.status, ChartStatus::drawn) << result.message;
  const std::string svg = core::read_text_file(folder / "c.svg", core::ExitCode::data, 1 << 20);
  EXPECT_NE(svg.find("m: 3 epochs, best validation accuracy 0.1000 (epoch 1)"), std::string::npos);
}

TEST(AccuracyChart, IsDrawnWithCharacters) {
  SVHN_NEEDS_GNUPLOT();
  std::string text;
  const auto result = draw_text_chart(accuracy_chart(example(), {"m", false}), {80, 20, false}, text);
  ASSERT_EQ(result.status, ChartStatus::drawn) << result.message;
  EXPECT_NE(text.find("validation accuracy"), std::string::npos) << text;
}

}  // namespace
}  // namespace svhn::report
