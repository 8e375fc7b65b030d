#include "report/page/runs.h"

#include "unit/report/page/page_files.h"

namespace svhn::report {
namespace {

namespace fs = std::filesystem;

TEST(FindRuns, FindsFoldersLooseCurvesSearchesAndComparisons) {
  const PageFolder folder;
  folder.write("models/b/history.json", kHistory);
  folder.write("models/b/interpret/history.json", kHistory);
  folder.write("models/a.history.json", kHistory);
  folder.write("models/b.history.json", kHistory);
  folder.write("models/units/results.json", "{}");
  folder.write("models/units/trials/t1/history.json", kHistory);
  folder.write("compare/comparison.json", "{}");
  const auto found = find_runs({folder.path(), folder / "models"});
  EXPECT_EQ(found.runs, (std::vector<fs::path>{folder / "models" / "a", folder / "models" / "b"}));
  EXPECT_EQ(found.searches, (std::vector<fs::path>{folder / "models" / "units" / "results.json"}));
  EXPECT_EQ(found.comparisons, (std::vector<fs::path>{folder / "compare" / "comparison.json"}));
  EXPECT_TRUE(found.problems.empty());
}

TEST(FindRuns, TakesARunFolderItselfEvenWithASlashBehind) {
  const PageFolder folder;
  folder.write("m/summary.json", "{}");
  EXPECT_EQ(find_runs({folder.path() / "m" / ""}).runs, (std::vector<fs::path>{folder / "m"}));
}

TEST(FindRuns, FollowsNoLinksToFolders) {
  const PageFolder folder;
  folder.write("a/m/history.json", kHistory);
  fs::create_directory_symlink(folder.path(), folder / "a" / "loop");
  EXPECT_EQ(find_runs({folder / "a"}).runs.size(), 1U);
}

TEST(FindRuns, NamesAFolderThatIsNotThere) {
  EXPECT_EQ(refusal([] { find_runs({"/nowhere/at/all"}); }), "'/nowhere/at/all' is not a folder");
}

TEST(ReadRun, TellsNetworkInputAndTheBestEpoch) {
  const PageFolder folder;
  folder.write("m/history.json", kHistory);
  folder.write("m/config.resolved.json",
               R"({"data":{"file":"d.safetensors","preprocess":["greyscale","minmax"],"augment":{}},
                   "model":{"layers":[{"type":"flatten","name":"flatten_1"},
                            {"type":"dense","units":10,"activation":"softmax"}]},
                   "train":{"epochs":3,"batch_size":64,"optimizer":{"type":"adam","learning_rate":0.001}}})");
  folder.write("m/summary.json",
               R"({"parameters":{"total":5,"trainable":4,"non_trainable":1},"data":{"synthetic":true}})");
  const RunRecord run = read_run(folder / "m");
  EXPECT_EQ(run.problems, std::vector<std::string>{});
  EXPECT_EQ(run.input, "greyscale, minmax, augmented");
  EXPECT_EQ(run.facts.at(0).second, "flatten, dense 10 softmax");
  EXPECT_EQ(run.facts.at(2).second, "up to 3 epochs, batches of 64, adam at 0.001");
  EXPECT_EQ(run.parameters->trainable, 4);
  EXPECT_TRUE(run.synthetic);
  EXPECT_EQ(run.data, "d.safetensors");
  EXPECT_EQ(best_epoch(run)->epoch, 2U);
  EXPECT_DOUBLE_EQ(best_epoch(run)->val_accuracy, 0.75);
}

TEST(ReadRun, KeepsWhatIsWholeOfADamagedRun) {
  const PageFolder folder;
  folder.write("m/history.json", R"({"loss":[1,2],"accuracy":[1],"val_loss":[1],"val_accuracy":[1]})");
  folder.write("m.history.json", kHistory);
  folder.write("m/summary.json", R"({"parameters":{"total":-1}})");
  const RunRecord run = read_run(folder / "m");
  ASSERT_TRUE(run.history);
  EXPECT_EQ(run.history->epochs(), 3U);
  ASSERT_EQ(run.problems.size(), 2U);
  EXPECT_NE(run.problems[0].find("/parameters/total is out of range"), std::string::npos) << run.problems[0];
}

TEST(ReadRun, ShowsLayersAsTheNetworkHasThem) {
  const PageFolder folder;
  folder.write("m/config.resolved.json",
               R"({"data":{},"model":{"layers":[{"type":"x","name":"z"},{"type":"x","name":"a"}]}})");
  const std::vector<float> values{0, 1};
  fs::create_directories(folder / "m" / "interpret");
  formats::write_safetensors(
      folder / "m" / "interpret" / "activations.safetensors",
      {tensor("a", formats::DType::f32, {2}, values), tensor("z", formats::DType::f32, {2}, values)}, {},
      core::ExitCode::data);
  const RunRecord run = read_run(folder / "m");
  ASSERT_TRUE(run.interpretation.activations) << run.problems.at(0);
  EXPECT_EQ(run.interpretation.activations->layers.at(0).name, "z");
}

}  // namespace
}  // namespace svhn::report
