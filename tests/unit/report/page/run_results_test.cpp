#include "report/page/run_results.h"

#include "unit/report/page/page_files.h"

namespace svhn::report {
namespace {

namespace fs = std::filesystem;

/// A run "m" with a best model whose weights are all 0.5, and the results of it.
class ReadResults : public ::testing::Test {
 protected:
  ReadResults() { write_model(folder_ / "m.best.safetensors", "m", 0.5F); }

  [[nodiscard]] results::About about(const std::string& which = "best") const {
    const std::string file = which == "best" ? "m.best.safetensors" : "m.safetensors";
    results::About about = about_of("m", results::model_digest(model::ModelFile(folder_ / file)));
    about.model.which = which;
    about.model.file = file;
    about.kinds["evaluation"] = {};
    return about;
  }
  fs::path write(const results::About& about) const { return write(about, results::folder_name(about)); }
  fs::path write(const results::About& about, const std::string& name) const {
    const std::string place = "m/results/" + name + "/";
    folder_.write(place + "about.json", results::about_json(about).dump());
    return folder_.write(place + "evaluation.json", evaluation_text()).parent_path();
  }
  RunResults read(const std::string& fingerprint = "12ab") {
    return read_results({folder_ / "m", "m", fingerprint}, problems_);
  }

  PageFolder folder_;
  std::vector<std::string> problems_;
};

TEST_F(ReadResults, ShowsTheOneOfTheTrainingsDataFirst) {
  results::About other = about();
  other.data.fingerprint = "99";
  other.data.synthetic = true;
  other.date = "2027-01-01T00:00:00Z";
  write(other);
  write(about());
  const auto found = read();
  ASSERT_EQ(found.shown.size(), 2U);
  EXPECT_EQ(found.shown[0].slug, "best-test");
  EXPECT_EQ(found.shown[0].same_as_training, true);
  EXPECT_TRUE(found.shown[0].primary);
  EXPECT_EQ(found.shown[1].slug, results::folder_name(other));
  EXPECT_EQ(found.shown[1].same_as_training, false);
  EXPECT_FALSE(found.shown[1].primary);
  EXPECT_EQ(problems_, std::vector<std::string>{});
}

TEST_F(ReadResults, HasNoPrimaryOneOfOtherOrUnknownData) {
  write(about());
  EXPECT_FALSE(read("99").shown.at(0).primary);
  EXPECT_FALSE(read("").shown.at(0).primary);
  EXPECT_EQ(read("").shown.at(0).same_as_training, std::nullopt);
  EXPECT_EQ(test_result(read("99").shown), nullptr);
}

TEST_F(ReadResults, KeepsBestAndLastApart) {
  write_model(folder_ / "m.safetensors", "m", 0.25F);
  write(about("last"));
  write(about("best"));
  const auto found = read();
  ASSERT_EQ(found.shown.size(), 2U);
  EXPECT_EQ(found.shown[0].slug + " " + found.shown[1].slug, "best-test last-test");
}

TEST_F(ReadResults, CountsThoseOfEarlierWeightsAndShowsThemNot) {
  const fs::path folder = write(about());
  write_model(folder_ / "m.best.safetensors", "m", 0.75F);
  auto found = read();
  EXPECT_TRUE(found.shown.empty());
  EXPECT_EQ(found.stale, std::vector<fs::path>{folder});
  fs::remove(folder_ / "m.best.safetensors");
  found = read();
  EXPECT_EQ(found.stale.size(), 1U);
  EXPECT_TRUE(problems_.empty());
}

TEST_F(ReadResults, RefusesFoldersThatAreNotWhatTheySay) {
  results::About moved = about();
  write(moved, "best-test-00000000");
  folder_.write("m/results/best-val-12345678/evaluation.json", evaluation_text());
  folder_.write("m/results/best-train-12345678/about.json", "{}");
  EXPECT_TRUE(read().shown.empty());
  ASSERT_EQ(problems_.size(), 3U);
  EXPECT_NE(problems_[0].find("something else than its name says"), std::string::npos) << problems_[0];
  EXPECT_NE(problems_[1].find("has no 'model'"), std::string::npos) << problems_[1];
  EXPECT_NE(problems_[2].find("has no about.json"), std::string::npos) << problems_[2];
}

ResultRecord made(const std::string& which, const std::string& split, const std::string& date,
                  bool evaluated) {
  ResultRecord result = result_of("m");
  result.about.model.which = which;
  result.about.split = split;
  result.about.date = date;
  if (!evaluated) result.found.evaluation.reset();
  return result;
}

TEST(Arrange, PrefersEvaluatedThenBestThenTestThenLate) {
  std::vector<ResultRecord> results{made("best", "train", "5", false), made("last", "test", "4", true),
                                    made("best", "val", "3", true), made("best", "test", "1", true),
                                    made("best", "test", "2", true)};
  results[4].about.data.fingerprint = "12 again";
  arrange(results);
  std::string order;
  for (const auto& result : results) {
    order += result.about.model.which + " " + result.about.split + " " + result.about.date + ", ";
  }
  EXPECT_EQ(order, "best test 2, best test 1, best val 3, last test 4, best train 5, ");
  EXPECT_TRUE(results[0].primary);
  EXPECT_FALSE(results[1].primary);
  EXPECT_EQ(results[0].slug, "best-test");
  EXPECT_EQ(results[1].slug, results::folder_name(results[1].about));
  EXPECT_EQ(test_result(results), &results[0]);
}

}  // namespace
}  // namespace svhn::report
