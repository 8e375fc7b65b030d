#include "data/images/file_tree.h"

#include <gtest/gtest.h>

#include "unit/hostile_bytes.h"

namespace svhn::data {
namespace {

namespace fs = std::filesystem;
using test::TemporaryFolder;
using Names = std::vector<std::string>;

TEST(ListTree, ListsFilesOfAllDepthsInByteOrder) {
  const TemporaryFolder folder;
  for (const char* name : {"b/x", "b/a/y", "a", "B/z", "b.x"}) folder.write(name, "");
  const FileTree tree = list_tree(folder.path());
  EXPECT_EQ(tree.files, (Names{"B/z", "a", "b.x", "b/a/y", "b/x"}));
  EXPECT_EQ(tree.folders, (Names{"B", "b", "b/a"}));
  EXPECT_TRUE(tree.hidden.empty() && tree.repeated.empty() && tree.unlisted.empty());
}

TEST(ListTree, TellsWhatIsHidden) {
  const TemporaryFolder folder;
  for (const char* name : {".x", "a/.y", ".git/config", "b"}) folder.write(name, "");
  const FileTree tree = list_tree(folder.path());
  EXPECT_EQ(tree.files, (Names{"b"}));
  EXPECT_EQ(tree.hidden, (Names{".git", ".x", "a/.y"}));
}

TEST(ListTree, FollowsLinksToFoldersAndKeepsBrokenOnesAsFiles) {
  const TemporaryFolder folder;
  const TemporaryFolder other;
  other.write("deep/x", "");
  fs::create_directory(folder.path() / "in");
  fs::create_directory_symlink(other.path(), folder.path() / "in" / "linked");
  fs::create_symlink("/nowhere/at/all", folder.path() / "broken");
  fs::create_symlink("self", folder.path() / "self");
  const FileTree tree = list_tree(folder.path());
  EXPECT_EQ(tree.files, (Names{"broken", "in/linked/deep/x", "self"}));
  EXPECT_TRUE(tree.repeated.empty());
}

TEST(ListTree, ListsEveryFolderOnce) {
  const TemporaryFolder folder;
  folder.write("m/x", "");
  folder.write("m/n/y", "");
  fs::create_directory_symlink("m", folder.path() / "a");  // Before m, which keeps its own path.
  fs::create_directory_symlink("m/n", folder.path() / "z");
  fs::create_directory_symlink("..", folder.path() / "m" / "up");  // A circle.
  const FileTree tree = list_tree(folder.path());
  EXPECT_EQ(tree.files, (Names{"m/n/y", "m/x"}));
  EXPECT_EQ(tree.repeated, (Names{"a", "m/up", "z"}));
}

TEST(ListTree, ListsAFolderThatTwoLinksReachOnce) {
  const TemporaryFolder folder;
  const TemporaryFolder other;
  other.write("sub/x", "");
  fs::create_directory_symlink(other.path() / "sub", folder.path() / "1");
  fs::create_directory_symlink(other.path(), folder.path() / "2");
  const FileTree tree = list_tree(folder.path());
  EXPECT_EQ(tree.files, (Names{"1/x"}));
  EXPECT_EQ(tree.repeated, (Names{"2/sub"}));
}

TEST(ListTree, TellsWhatCannotBeListed) {
  const FileTree tree = list_tree("/nonexistent");
  ASSERT_EQ(tree.unlisted.size(), 1U);
  EXPECT_EQ(tree.unlisted[0].first, "");
  EXPECT_EQ(tree.unlisted[0].second, "cannot be listed: No such file or directory");
}

TEST(CountText, NamesTheFirstThree) {
  EXPECT_EQ(count_text({"a"}, "file"), "1 file (a)");
  EXPECT_EQ(count_text({"a", "b", "c"}, "file"), "3 files (a, b, c)");
  EXPECT_EQ(count_text({"a", "b", "c", "d"}, "file"), "4 files (a, b, c, …)");
}

}  // namespace
}  // namespace svhn::data
