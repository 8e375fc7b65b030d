#include "core/file.h"

#include "unit/hostile_bytes.h"

namespace svhn::core {
namespace {

TEST(RemoveTemporaries, TakesOursAndLeavesEverythingElse) {
  const test::TemporaryFolder folder;
  for (const char* name : {"a.json.Ab12Cd.tmp", "b.json.Ab12Cd.tmp", "a.json", "Ab12Cd.tmp", ".Ab12Cd.tmp"}) {
    folder.write(name, "x");
  }
  remove_temporaries(folder.path(), [](const auto& target) { return target.filename() == "a.json"; });
  EXPECT_FALSE(std::filesystem::exists(folder.path() / "a.json.Ab12Cd.tmp"));
  for (const char* name : {"b.json.Ab12Cd.tmp", "a.json", "Ab12Cd.tmp", ".Ab12Cd.tmp"}) {
    EXPECT_TRUE(std::filesystem::exists(folder.path() / name)) << name;
  }
  remove_temporaries(folder.path() / "none", [](const auto&) { return true; });
}

}  // namespace
}  // namespace svhn::core
