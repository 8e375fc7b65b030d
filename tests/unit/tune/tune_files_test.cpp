#include "tune/tune_files.h"

#include <gtest/gtest.h>

#include "core/file.h"
#include "unit/hostile_bytes.h"

namespace svhn::tune {
namespace {

namespace fs = std::filesystem;

TEST(TuneFiles, RemoveWhatKilledTrialsHaveLeft) {
  const test::TemporaryFolder folder;
  const TuneFiles files(folder.path(), "search");
  const fs::path run = files.trials / "trial-0001-run-1";
  fs::create_directories(run / "checkpoints");
  const std::vector<fs::path> left{
      files.folder / "results.json.Ab12Cd.tmp", files.trials / "trial-0001-run-1.best.safetensors.Ab12Cd.tmp",
      run / "history.json.Ab12Cd.tmp", run / "checkpoints" / "last.safetensors.Ab12Cd.tmp"};
  const std::vector<fs::path> kept{run / "history.json", files.trials / "notes.txt.Ab12Cd.tmp"};
  for (const auto& paths : {left, kept}) {
    for (const fs::path& path : paths) core::write_text_file(path, "x", core::ExitCode::data);
  }
  core::AtomicFile living(run / "metrics.jsonl", core::ExitCode::data);
  files.remove_temporaries();
  for (const fs::path& path : left) EXPECT_FALSE(fs::exists(path)) << path;
  for (const fs::path& path : kept) EXPECT_TRUE(fs::exists(path)) << path;
  living.write("whole");
  living.commit();
  EXPECT_TRUE(fs::exists(run / "metrics.jsonl"));
}

}  // namespace
}  // namespace svhn::tune
