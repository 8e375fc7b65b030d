#include "report/page/interpretation.h"

#include <algorithm>
#include <limits>

#include "unit/report/page/page_files.h"

namespace svhn::report {
namespace {

using formats::DType;

TEST(ReadEvaluation, TakesTheCountsAndWhatFollowsFromThem) {
  const PageFolder folder;
  const auto result = read_evaluation(folder.write("e.json", evaluation_text()));
  EXPECT_EQ(result.images, 10);
  EXPECT_EQ(result.confusion[0][6], 1);
  ASSERT_EQ(result.most_confused.size(), 1U);
  EXPECT_EQ(result.most_confused[0].predicted, 6);
  EXPECT_DOUBLE_EQ(result.top_3_accuracy, 1.0);
}

TEST(ReadEvaluation, TakesTheCoverageCurveWhereThereIsOne) {
  const PageFolder folder;
  std::string text = evaluation_text();
  EXPECT_TRUE(read_evaluation(folder.write("e.json", text)).coverage.steps.empty());
  text.insert(
      1, R"("brier_score":0.2,"aurc":0.03,"coverage_curve":[{"coverage":0.5,"accuracy":1.0,"threshold":0.9},
    {"coverage":1.0,"accuracy":0.9,"threshold":0.4}],)");
  const auto result = read_evaluation(folder.write("e.json", text));
  EXPECT_EQ(result.brier_score, 0.2);
  EXPECT_EQ(result.aurc, 0.03);
  ASSERT_EQ(result.coverage.steps.size(), 2U);
  EXPECT_EQ(result.coverage.steps[1].right, 9);
  EXPECT_EQ(result.coverage.coverage(result.coverage.steps[0]), 0.5);
  text.replace(text.find("0.5,"), 4, "0.0,");
  const std::string said = refusal([&] { read_evaluation(folder.write("e.json", text)); });
  EXPECT_NE(said.find("/coverage_curve/0 answers no image"), std::string::npos) << said;
}

TEST(ReadEvaluation, RefusesCountsThatAreNotOfItsImages) {
  const PageFolder folder;
  std::string text = evaluation_text();
  text.replace(text.find("\"images\":10"), 11, "\"images\":11");
  const std::string said = refusal([&] { read_evaluation(folder.write("e.json", text)); });
  EXPECT_NE(said.find("/confusion_matrix does not count as many images"), std::string::npos) << said;
}

constexpr const char* kRobustness =
    R"({"model":"m","split":"test","images":10,"seed":7,"severities":[2,5],"clean_error":0.1,"corruptions":[)"
    R"({"name":"fog","group":"weather","error":[0.2,0.4]}],"baseline":{"model":"b","clean_error":0.2,"error":[[0.3,0.5]]}})";

TEST(ReadRobustness, TakesErrorsAndBaseline) {
  const PageFolder folder;
  const auto found = read_robustness(folder.write("r.json", kRobustness));
  EXPECT_EQ(found.origin.model + found.origin.split, "mtest");
  EXPECT_EQ(found.errors.seed, 7U);
  EXPECT_EQ(found.errors.severities, (std::vector<int>{2, 5}));
  EXPECT_EQ(found.errors.corruptions.at(0).group, "weather");
  EXPECT_EQ(found.errors.errors.corrupted, (std::vector<std::vector<double>>{{0.2, 0.4}}));
  EXPECT_DOUBLE_EQ(metric::mean_corruption_error(found.errors).value(), 0.75);
}

TEST(ReadRobustness, RefusesErrorsThatDoNotFit) {
  const PageFolder folder;
  const auto said = [&](const std::string& from, const std::string& to) {
    std::string text = kRobustness;
    text.replace(text.find(from), from.size(), to);
    return refusal([&] { read_robustness(folder.write("r.json", text)); });
  };
  EXPECT_NE(said("[0.2,0.4]", "[0.2]").find("/corruptions/0/error does not have an error for each severity"),
            std::string::npos);
  EXPECT_NE(said("[0.2,0.4]", "[0.2,1.4]").find("/corruptions/0/error/1"), std::string::npos);
  EXPECT_NE(said("[[0.3,0.5]]", "[]").find("/baseline/error does not have errors of each corruption"),
            std::string::npos);
  EXPECT_NE(said("[2,5]", "[]").find("/corruptions/0/error"), std::string::npos);
  EXPECT_NE(said("\"seed\":7", "\"seed\":-7").find("/seed"), std::string::npos);
}

TEST(ReadPredictions, TurnsDigitsIntoClassesAndKeepsTheTopProbability) {
  const PageFolder folder;
  metric::ReliabilityBins bins;
  const auto rows = read_predictions(
      folder.write("p.csv", std::string(kCsvHead) + "7,1,0,0.75,0.25,0,0,0,0,0,0,0,0\r\n"), bins);
  ASSERT_EQ(rows.size(), 1U);
  EXPECT_EQ(rows[0].row, 7);
  EXPECT_EQ(rows[0].true_class, 0);
  EXPECT_EQ(rows[0].predicted, 9);
  EXPECT_FLOAT_EQ(rows[0].probability, 0.75F);
  // 0.75 lies in (11/15, 12/15], the twelfth bin.
  EXPECT_EQ(bins[11].count, 1);
}

TEST(ReadPredictions, NamesTheLineOfWhatIsWrong) {
  const PageFolder folder;
  metric::ReliabilityBins bins;
  const auto said = [&](const std::string& lines) {
    return refusal([&] { read_predictions(folder.write("p.csv", lines), bins); });
  };
  const std::string head(kCsvHead);
  const std::string good = "7,1,0,0.75,0.25,0,0,0,0,0,0,0,0\n";
  EXPECT_NE(said("row,true\n").find("line 1 is not 'row,true,"), std::string::npos);
  EXPECT_NE(said(head + good + "7,10,0,1,0,0,0,0,0,0,0,0,0\n").find("line 3"), std::string::npos);
  EXPECT_NE(said(head + "7,1,0,nan,0,0,0,0,0,0,0,0,0\n").find("line 2"), std::string::npos);
  EXPECT_NE(said(head + "7,1,0,1,0\n").find("line 2"), std::string::npos);
  EXPECT_NE(said(head + "7,1,0,1,0,0,0,0,0,0,0,0,0,0\n").find("line 2 has too many"), std::string::npos);
  EXPECT_NE(said(head + "-7,1,0,1,0,0,0,0,0,0,0,0,0\n").find("line 2"), std::string::npos);
}

// The first filter's percentiles 2 and 98 are 1.12 and 5, so 3 is 255 * 1.88 / 3.88 = 123.6. The second is
// flat.
TEST(ReadActivations, SpreadsEachFilterOverItsOwnRange) {
  const PageFolder folder;
  const std::vector<float> values{1, 3, 5, 5, -2, -2, -2, -2};
  formats::write_safetensors(folder / "a.safetensors", {tensor("conv2d_1", DType::f32, {2, 2, 2}, values)},
                             {{"row", "12"}, {"true", "3"}, {"predicted", "junk"}}, core::ExitCode::data);
  const auto found = read_activations(folder / "a.safetensors");
  ASSERT_EQ(found.layers.size(), 1U);
  EXPECT_EQ(found.layers[0].values, (std::vector<std::uint8_t>{0, 124, 255, 255, 0, 0, 0, 0}));
  EXPECT_EQ(found.layers[0].min, -2.0F);
  EXPECT_EQ(found.row, 12);
  EXPECT_EQ(found.true_digit, 3);
  EXPECT_FALSE(found.predicted_digit);
}

// Inside of its border the map holds 0 to 63, whose percentiles 2 and 98 are 1.26 and 61.74: 31 is 125.4.
TEST(ReadActivations, DoesNotLetABorderTakeTheScale) {
  constexpr std::size_t kSide = 10;
  const PageFolder folder;
  std::vector<float> values(kSide * kSide, 1000.0F);
  for (std::size_t i = 0; i < 64; ++i) values[(1 + i / 8) * kSide + 1 + i % 8] = static_cast<float>(i);
  formats::write_safetensors(folder / "a.safetensors", {tensor("conv2d_1", DType::f32, {1, 10, 10}, values)},
                             {}, core::ExitCode::data);
  const auto found = read_activations(folder / "a.safetensors");
  EXPECT_EQ(found.layers[0].values[4 * kSide + 8], 125);  // 31
  EXPECT_EQ(found.layers[0].values[0], 255);
  EXPECT_EQ(found.layers[0].max, 1000.0F);
}

TEST(ReadActivations, KeepsTheFirstFiltersOfAWideLayerAndRefusesHugeMaps) {
  const PageFolder folder;
  const std::vector<float> many(300, 1.0F), large(65, 1.0F);
  formats::write_safetensors(folder / "a.safetensors", {tensor("wide", DType::f32, {300, 1, 1}, many)}, {},
                             core::ExitCode::data);
  const auto found = read_activations(folder / "a.safetensors");
  EXPECT_EQ(found.layers[0].channels, 300);
  EXPECT_EQ(found.layers[0].values.size(), 256U);
  formats::write_safetensors(folder / "b.safetensors", {tensor("large", DType::f32, {1, 65, 1}, large)}, {},
                             core::ExitCode::data);
  const std::string said = refusal([&] { read_activations(folder / "b.safetensors"); });
  EXPECT_NE(said.find("'large' has maps too large"), std::string::npos) << said;
}

void write_map(const std::filesystem::path& path, const std::vector<float>& positions,
               const std::vector<std::uint8_t>& labels, const std::vector<std::int64_t>& rows) {
  const auto n = static_cast<std::int64_t>(labels.size());
  formats::write_safetensors(
      path,
      {tensor("map", DType::f32, {n, 2}, positions), tensor("labels", DType::u8, {n}, labels),
       tensor("rows", DType::i64, {n}, rows)},
      {{"split", "test"}}, core::ExitCode::data);
}

// 40 wide and 20 high: one scale for both, the lower side in the middle: 65535 * (1/2 ± 1/4).
TEST(ReadMap, KeepsTheProportionsOfTheMap) {
  const PageFolder folder;
  write_map(folder / "t.safetensors", {-10, 0, 30, 20}, {0, 9}, {5, 6});
  const auto map = read_map(folder / "t.safetensors", folder / "none.json");
  EXPECT_EQ(map.x, (std::vector<std::uint16_t>{0, 65535}));
  EXPECT_EQ(map.y, (std::vector<std::uint16_t>{16384, 49151}));
  EXPECT_EQ(map.origin.split, "test");
  EXPECT_FALSE(map.perplexity);
  write_map(folder / "high.safetensors", {0, -10, 20, 30}, {0, 9}, {5, 6});
  const auto high = read_map(folder / "high.safetensors", folder / "none.json");
  EXPECT_EQ(high.x, (std::vector<std::uint16_t>{16384, 49151}));
  EXPECT_EQ(high.y, (std::vector<std::uint16_t>{0, 65535}));
}

TEST(ReadMap, ThinsOutManyPointsTheSameWayInWhateverOrderTheyAre) {
  const PageFolder folder;
  constexpr std::int64_t kPoints = 12'000;
  std::vector<float> positions(2 * kPoints);
  std::vector<std::int64_t> rows(kPoints);
  for (std::int64_t i = 0; i < kPoints; ++i) {
    rows[static_cast<std::size_t>(i)] = i;
    positions[static_cast<std::size_t>(2 * i)] = static_cast<float>(i);
  }
  const std::vector<std::uint8_t> labels(kPoints, 3);
  write_map(folder / "a.safetensors", positions, labels, rows);
  auto there = read_map(folder / "a.safetensors", folder / "none.json");
  std::reverse(rows.begin(), rows.end());
  write_map(folder / "b.safetensors", positions, labels, rows);
  auto back = read_map(folder / "b.safetensors", folder / "none.json");
  EXPECT_EQ(there.points, 12'000U);
  ASSERT_EQ(there.rows.size(), kMostMapPoints);
  std::reverse(back.rows.begin(), back.rows.end());
  EXPECT_EQ(there.rows, back.rows);
  // Even: of each thousand rows about 833 stay; five standard deviations of that binomial are 59.
  const auto first = std::count_if(there.rows.begin(), there.rows.end(), [](auto row) { return row < 1000; });
  EXPECT_NEAR(static_cast<double>(first), 833.0, 59.0);
}

TEST(ReadMap, RefusesPointsThatAreNotFiniteAndLabelsThatAreNone) {
  const PageFolder folder;
  write_map(folder / "a.safetensors", {0, std::numeric_limits<float>::infinity()}, {0}, {1});
  write_map(folder / "b.safetensors", {0, 1}, {10}, {1});
  const auto said = [&](const char* name) {
    return refusal([&] { read_map(folder / name, folder / "none.json"); });
  };
  EXPECT_NE(said("a.safetensors").find("not finite"), std::string::npos);
  EXPECT_NE(said("b.safetensors").find("not a class index"), std::string::npos);
}

// The channels of integrated gradients are added up: 1, -3; the scale runs from -3 to 3, so 1 is 170.
TEST(ReadSaliency, PutsThePredictedDigitFirstAndSignedMapsAroundZero) {
  const PageFolder folder;
  const std::vector<float> heat{0, 4}, three{1, 1, 0, -2, 0, -2}, other{0, 0};
  formats::write_safetensors(
      folder / "s.safetensors",
      {tensor("grad_cam.7", DType::f32, {1, 2}, heat),
       tensor("integrated_gradients.7", DType::f32, {3, 1, 2}, three),
       tensor("occlusion.3", DType::f32, {1, 2}, other)},
      {{"row", "4"}, {"predicted", "7"}, {"probability.7", "0.5"}, {"probability.3", "7"}},
      core::ExitCode::data);
  const Saliency found = read_saliency(folder / "s.safetensors");
  ASSERT_EQ(found.classes.size(), 2U);
  EXPECT_EQ(found.classes[0].digit, 7);
  EXPECT_EQ(found.classes[0].probability, 0.5);
  EXPECT_FALSE(found.classes[1].probability);
  ASSERT_EQ(found.classes[0].maps.size(), 2U);
  EXPECT_EQ(found.classes[0].maps[0].values, (std::vector<std::uint8_t>{0, 255}));
  const HeatMap& map = found.classes[0].maps[1];
  EXPECT_EQ(std::pair(map.min, map.max), std::pair(-3.0F, 3.0F));
  EXPECT_EQ(map.values, (std::vector<std::uint8_t>{170, 0}));
}

TEST(ReadSaliency, RefusesMapsThatAreNone) {
  const PageFolder folder;
  const std::vector<float> large(257, 1.0F);
  formats::write_safetensors(folder / "a.safetensors", {tensor("occlusion.3", DType::f32, {1, 257}, large)},
                             {}, core::ExitCode::data);
  formats::write_safetensors(folder / "b.safetensors", {tensor("else", DType::f32, {1, 257}, large)}, {},
                             core::ExitCode::data);
  const auto said = [&](const char* name) { return refusal([&] { read_saliency(folder / name); }); };
  EXPECT_NE(said("a.safetensors").find("'occlusion.3' is no map"), std::string::npos);
  EXPECT_NE(said("b.safetensors").find("it has no map"), std::string::npos);
}

class ReadInterpretation : public ::testing::Test {
 protected:
  Interpretation read(const results::About& about) {
    return read_interpretation(folder_.path(), about, problems_);
  }
  static results::About about(const std::string& split, std::initializer_list<const char*> kinds) {
    results::About about = about_of("m", "d");
    about.split = split;
    for (const char* kind : kinds) about.kinds[kind] = {};
    return about;
  }

  PageFolder folder_;
  std::vector<std::string> problems_;
};

TEST_F(ReadInterpretation, GoesOnAfterADamagedFile) {
  folder_.write("evaluation.json", "{");
  folder_.write(
      "misclassified.json",
      R"({"digit":3,"first":[{"row":4,"index":0,"true":3,"predicted":5,"probability":0.5,"loss":1}]})");
  const auto found = read(about("test", {"evaluation", "misclassified"}));
  EXPECT_FALSE(found.evaluation);
  ASSERT_TRUE(found.mistakes);
  EXPECT_EQ(found.mistakes->first.at(0).predicted_digit, 5);
  ASSERT_EQ(problems_.size(), 1U);
  EXPECT_NE(problems_[0].find("evaluation.json"), std::string::npos);
}

TEST_F(ReadInterpretation, LeavesOutWhatIsNotListed) {
  folder_.write("evaluation.json", evaluation_text());
  EXPECT_TRUE(read(about("test", {"evaluation"})).evaluation);
  EXPECT_FALSE(read(about("test", {"misclassified"})).evaluation);
  EXPECT_TRUE(problems_.empty());
}

TEST_F(ReadInterpretation, LeavesOutWhatIsOfAnotherSplitOrModel) {
  folder_.write("evaluation.json", evaluation_text());
  folder_.write("misclassified.json", R"({"model":"m","split":"val","digit":3})");
  folder_.write("predictions.csv", std::string(kCsvHead) + "7,1,0,0.75,0.25,0,0,0,0,0,0,0,0\n");
  const auto all = about("test", {"evaluation", "misclassified"});
  const auto found = read(all);
  EXPECT_TRUE(found.evaluation);
  EXPECT_FALSE(found.mistakes);
  EXPECT_TRUE(found.predictions.empty());
  EXPECT_EQ(problems_.size(), 2U);
  results::About other = all;
  other.model.name = "n";
  EXPECT_FALSE(read(other).evaluation);
}

}  // namespace
}  // namespace svhn::report
