#include "train/run_files.h"

#include "unit/hostile_bytes.h"

namespace svhn::train {
namespace {

namespace fs = std::filesystem;

TEST(RunFiles, LieWhereTheReadmeSays) {
  const RunFiles files("out", "model_1");
  EXPECT_EQ(files.model, fs::path("out/model_1.safetensors"));
  EXPECT_EQ(files.best_model, fs::path("out/model_1.best.safetensors"));
  EXPECT_EQ(files.history, fs::path("out/model_1.history.json"));
  EXPECT_EQ(files.folder, fs::path("out/model_1"));
  EXPECT_EQ(files.config, fs::path("out/model_1/config.resolved.json"));
  EXPECT_EQ(files.run_history, fs::path("out/model_1/history.json"));
  EXPECT_EQ(files.metrics, fs::path("out/model_1/metrics.jsonl"));
  EXPECT_EQ(files.log, fs::path("out/model_1/train.log"));
  EXPECT_EQ(files.summary, fs::path("out/model_1/summary.json"));
  EXPECT_EQ(files.last_checkpoint, fs::path("out/model_1/checkpoints/last.safetensors"));
  EXPECT_EQ(files.epoch_checkpoint(7), fs::path("out/model_1/checkpoints/epoch-0007.safetensors"));
  EXPECT_EQ(files.epoch_checkpoint(12345), fs::path("out/model_1/checkpoints/epoch-12345.safetensors"));
}

TEST(RunFiles, LeaveForeignFilesAmongTheCheckpoints) {
  const test::TemporaryFolder folder;
  const RunFiles files(folder.path(), "a");
  const fs::path checkpoints = folder.path() / "a" / "checkpoints";
  for (const char* name : {"last", "monitored", "epoch-0003"}) {
    folder.write("a/checkpoints/" + std::string(name) + ".safetensors", "x");
  }
  folder.write("a/checkpoints/notes.txt", "x");
  files.remove_existing();
  EXPECT_TRUE(files.existing().empty());
  EXPECT_EQ(std::distance(fs::directory_iterator(checkpoints), {}), 1);
  EXPECT_TRUE(fs::exists(checkpoints / "notes.txt"));
  fs::remove(checkpoints / "notes.txt");
  files.remove_existing();
  EXPECT_FALSE(fs::exists(checkpoints));
}

TEST(RunFiles, RemoveThisRunsFilesAndNoOthers) {
  const test::TemporaryFolder folder;
  const RunFiles files(folder.path(), "a");
  EXPECT_TRUE(files.existing().empty());
  for (const char* name : {"a.safetensors", "a.history.json", "a/train.log", "a/checkpoints/last.safetensors",
                           "a/notes.txt", "b.safetensors", "a.csv", "ab/train.log"}) {
    folder.write(name, "x");
  }
  EXPECT_EQ(files.existing().size(), 4U);
  files.remove_existing();
  EXPECT_TRUE(files.existing().empty());
  EXPECT_FALSE(fs::exists(folder.path() / "a.safetensors"));
  for (const char* name : {"a/notes.txt", "b.safetensors", "a.csv", "ab/train.log"}) {
    EXPECT_TRUE(fs::exists(folder.path() / name)) << name;
  }
}

}  // namespace
}  // namespace svhn::train
