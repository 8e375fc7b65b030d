#include "core/paths.h"

#include "unit/hostile_bytes.h"

namespace svhn::core {
namespace {

namespace fs = std::filesystem;

TEST(FileId, IsThatOfTheFileByAnyName) {
  const test::TemporaryFolder folder;
  const fs::path file = folder.write("a", "x"), other = folder.write("b", "x");
  fs::create_hard_link(file, folder.path() / "hard");
  fs::create_symlink("a", folder.path() / "soft");
  EXPECT_TRUE(file_id(file).has_value());
  EXPECT_EQ(file_id(file), file_id(folder.path() / "hard"));
  EXPECT_EQ(file_id(file), file_id(folder.path() / "soft"));
  EXPECT_NE(file_id(file), file_id(other));
  EXPECT_EQ(file_id(folder.path() / "none"), std::nullopt);
}

TEST(FinalPath, FollowsLinksToFilesThatNeedNotExist) {
  const test::TemporaryFolder folder;
  fs::create_directory(folder.path() / "deep");
  fs::create_symlink("deep/one", folder.path() / "a");
  fs::create_symlink(folder.path() / "two", folder.path() / "deep" / "one");
  EXPECT_EQ(final_path(folder.path() / "a"), folder.path() / "two");
  EXPECT_EQ(final_path(folder.path() / "plain"), folder.path() / "plain");
  EXPECT_EQ(final_path("plain"), "plain");
}

TEST(FinalPath, OfACircleIsALink) {
  const test::TemporaryFolder folder;
  fs::create_symlink("b", folder.path() / "a");
  fs::create_symlink("a", folder.path() / "b");
  EXPECT_TRUE(fs::is_symlink(final_path(folder.path() / "a")));
}

TEST(IsSameFile, AlsoHoldsBeforeTheFileExists) {
  const test::TemporaryFolder folder;
  fs::create_directory(folder.path() / "deep");
  fs::create_directory_symlink("deep", folder.path() / "short");
  fs::create_symlink("deep/new", folder.path() / "link");
  const fs::path file = folder.path() / "deep" / "new";
  EXPECT_TRUE(is_same_file(file, folder.path() / "short" / ".." / "deep" / "new"));
  EXPECT_TRUE(is_same_file(file, folder.path() / "short" / "new"));
  EXPECT_TRUE(is_same_file(file, folder.path() / "link"));
  EXPECT_FALSE(is_same_file(file, folder.path() / "new"));
  folder.write("deep/old", "x");
  EXPECT_FALSE(is_same_file(file, folder.path() / "deep" / "old"));
}

TEST(IsSameFile, ReadsRelativePathsFromTheWorkingFolder) {
  EXPECT_TRUE(is_same_file("svhn-none/a", "./svhn-none/../svhn-none/a"));
  EXPECT_TRUE(is_same_file("svhn-none", fs::current_path() / "svhn-none"));
}

TEST(IsBelow, LooksAtWholeNames) {
  const test::TemporaryFolder folder;
  fs::create_directory(folder.path() / "run");
  fs::create_directory_symlink("run", folder.path() / "link");
  EXPECT_TRUE(is_below(folder.path() / "run" / "a" / "b", folder.path() / "run"));
  EXPECT_TRUE(is_below(folder.path() / "link" / "a", folder.path() / "run"));
  EXPECT_FALSE(is_below(folder.path() / "runs" / "a", folder.path() / "run"));
  EXPECT_FALSE(is_below(folder.path() / "run", folder.path() / "run"));
}

TEST(NamedDescriptor, IsTheNumberOfAnOpenFile) {
  EXPECT_EQ(named_descriptor("/dev/stdout"), 1);
  EXPECT_EQ(named_descriptor("/dev/fd/2"), 2);
  EXPECT_EQ(named_descriptor("/proc/self/fd/63"), 63);
  EXPECT_EQ(named_descriptor("/dev/null"), std::nullopt);
  EXPECT_EQ(named_descriptor("1"), std::nullopt);
  const test::TemporaryFolder folder;
  fs::create_symlink("/dev/stderr", folder.path() / "link");
  EXPECT_EQ(named_descriptor(folder.path() / "link"), 2);
}

TEST(IsStream, HoldsForWhatNoFileCanReplace) {
  const test::TemporaryFolder folder;
  fs::create_symlink("/dev/null", folder.path() / "link");
  for (const fs::path& path : {fs::path("/dev/null"), fs::path("/dev/stdout"), folder.path() / "link"}) {
    EXPECT_TRUE(is_stream(path)) << path;
  }
  for (const fs::path& path : {folder.write("a", "x"), folder.path(), folder.path() / "none"}) {
    EXPECT_FALSE(is_stream(path)) << path;
  }
}

}  // namespace
}  // namespace svhn::core
