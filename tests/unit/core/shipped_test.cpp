#include "core/shipped.h"

#include "unit/hostile_bytes.h"

namespace svhn::core {
namespace {

namespace fs = std::filesystem;

/// A folder with an installed program's files.
struct Installed {
  test::TemporaryFolder folder;
  fs::path program = folder.path() / "bin" / "svhn";
  fs::path config = folder.path() / "share" / "svhn" / "configs" / "a.json";
  Installed() {
    fs::create_directories(config.parent_path());
    folder.write("share/svhn/configs/a.json", "{}");
    folder.write("share/secret", "x");
  }
};

TEST(ShippedFile, IsBelowShareBesideTheProgram) {
  const Installed installed;
  EXPECT_EQ(shipped_file("configs/a.json", installed.program), installed.config);
  EXPECT_EQ(shipped_file("configs/b.json", installed.program), std::nullopt);
  EXPECT_EQ(shipped_file("configs", installed.program), std::nullopt);
}

TEST(ShippedFile, IsNeverOutsideOfTheFolder) {
  const Installed installed;
  EXPECT_EQ(shipped_file("../secret", installed.program), std::nullopt);
  EXPECT_EQ(shipped_file("configs/../../secret", installed.program), std::nullopt);
  EXPECT_EQ(shipped_file(installed.config, installed.program), std::nullopt);
  EXPECT_EQ(shipped_file("", installed.program), std::nullopt);
}

TEST(ShippedFile, OfAProgramInABuildFolderIsTheSourceTrees) {
  const auto found = shipped_file("configs/q2_1.json");  // This test's program is in build/PRESET/tests.
  ASSERT_TRUE(found.has_value());
  EXPECT_TRUE(fs::equivalent(*found, fs::path(SVHN_SOURCE_DIR) / "configs" / "q2_1.json"));
}

}  // namespace
}  // namespace svhn::core
