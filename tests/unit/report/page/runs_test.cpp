#include "report/page/runs.h"

#include "unit/report/page/page_files.h"

namespace svhn::report {
namespace {

namespace fs = std::filesystem;

TEST(FindRuns, FindsFoldersLooseCurvesSearchesAndComparisons) {
  const PageFolder folder;
  folder.write("models/b/history.json", kHistory);
  folder.write("models/b/results/x/history.json", kHistory);
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
  EXPECT_EQ(run.training.data, "d.safetensors");
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

TEST(ReadRun, TellsOfWhatItWasTrained) {
  const PageFolder folder;
  folder.write(
      "m/config.resolved.json",
      R"({"data":{"augment":{"rotation_degrees":15,"zoom":0,"horizontal_flip":true,"fill":"nearest"}},
                   "model":{"layers":[]},"train":{"seed":7}})");
  folder.write("m/summary.json",
               R"({"parameters":{"total":5,"trainable":4,"non_trainable":1},"date":"2026-11-30T12:00:00Z",
                   "precision":"float32","data":{"file":"d","synthetic":false,"fingerprint":"12",
                   "images":{"train":5120,"val":10,"test":20},"split_fingerprint":"3f9a","val_fingerprint":"77"}})");
  const TrainingFacts facts = read_run(folder / "m").training;
  EXPECT_EQ(facts.augmentation, "horizontal flip, rotation 15\u00b0");
  EXPECT_EQ(facts.seed, 7);
  EXPECT_EQ(facts.images, (SplitSizes{5120, 10, 20}));
  EXPECT_EQ(facts.fingerprint + " " + facts.split_fingerprint + " " + facts.val_fingerprint,
            "000000000000000c 3f9a 77");
  EXPECT_EQ(facts.synthetic, false);
}

TEST(ReadRun, TakesTheDataOfAnUnfinishedRunFromItsCheckpoint) {
  const PageFolder folder;
  folder.write("m/history.json", kHistory);
  std::filesystem::create_directories(folder / "m" / "checkpoints");
  formats::write_safetensors(folder / "m" / "checkpoints" / "last.safetensors", {},
                             {{"data", "77"}, {"synthetic", "true"}}, core::ExitCode::data);
  const RunRecord run = read_run(folder / "m");
  EXPECT_EQ(run.training.fingerprint, "000000000000004d");
  EXPECT_TRUE(run.synthetic);
}

TEST(ReadRun, NamesResultsOfEarlierVersionsAndShowsThemNot) {
  const PageFolder folder;
  folder.write("m/history.json", kHistory);
  folder.write("m/interpret/interpret.json", "{}");
  folder.write("m/interpret/evaluation.json", evaluation_text());
  const RunRecord run = read_run(folder / "m");
  EXPECT_TRUE(run.results.empty());
  ASSERT_EQ(run.problems.size(), 1U);
  EXPECT_NE(run.problems[0].find("earlier version"), std::string::npos) << run.problems[0];
  EXPECT_NE(run.problems[0].find("svhn interpret --model "), std::string::npos);
}

TEST(NameSlugs, AreSafeInAnAddressAndUnique) {
  std::vector<RunRecord> runs(4);
  for (auto [run, name] :
       {std::pair(0, "a/b c"), std::pair(1, "q2_1"), std::pair(2, "q2_1"), std::pair(3, "q2_1-2")})
    runs[static_cast<std::size_t>(run)].name = name;
  name_slugs(runs);
  EXPECT_EQ(runs[0].slug, "a-b-c");
  EXPECT_EQ(runs[1].slug, "q2_1");
  EXPECT_EQ(runs[2].slug, "q2_1-2");
  EXPECT_EQ(runs[3].slug, "q2_1-2-2");
}

}  // namespace
}  // namespace svhn::report
