#include "tune/search_lock.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <optional>

#include "core/error.h"
#include "unit/data/prepared_test_content.h"

namespace svhn::tune {
namespace {

class SearchLockTest : public data::PreparedFolder {
 protected:
  [[nodiscard]] std::filesystem::path path() const { return folder_ / "search" / ".lock"; }
};

TEST_F(SearchLockTest, GivesEachTrialToOneAlone) {
  SearchLock first(path(), SearchLock::Need::locks);
  SearchLock second(path(), SearchLock::Need::locks);
  EXPECT_TRUE(first.try_lock(1));
  EXPECT_FALSE(second.try_lock(1));
  EXPECT_TRUE(second.try_lock(2));
  EXPECT_FALSE(first.try_lock(2));
  first.unlock(1);
  EXPECT_TRUE(second.try_lock(1));
}

TEST_F(SearchLockTest, IsFreeWhenItsHolderIsDead) {
  SearchLock here(path(), SearchLock::Need::locks);
  std::array<int, 2> ready{};
  ASSERT_EQ(::pipe(ready.data()), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    SearchLock there(path(), SearchLock::Need::locks);
    const char taken = there.try_lock(3) ? 'y' : 'n';
    if (::write(ready[1], &taken, 1) == 1) ::pause();
    ::_exit(0);
  }
  char taken = 0;
  ASSERT_EQ(::read(ready[0], &taken, 1), 1);
  EXPECT_EQ(taken, 'y');
  ::kill(child, SIGSTOP);
  EXPECT_FALSE(here.try_lock(3)) << "a stopped process may go on";
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
  EXPECT_TRUE(here.try_lock(3));
}

TEST_F(SearchLockTest, IsSigned) {
  EXPECT_EQ(read_signature(path()), "");
  SearchLock lock(path(), SearchLock::Need::locks);
  lock.sign(make_signature());
  const std::string text = read_signature(path());
  EXPECT_TRUE(text.starts_with("process " + std::to_string(::getpid()) + " on ")) << text;
  lock.sign("shorter");
  EXPECT_EQ(read_signature(path()), "shorter");
}

TEST_F(SearchLockTest, NamesTheFolderThatCannotBeWritten) {
  std::filesystem::create_directories(path());
  try {
    const SearchLock lock(path(), SearchLock::Need::locks);
    ADD_FAILURE() << "a folder is no file";
  } catch (const core::Error& error) {
    EXPECT_EQ(error.what(), "cannot write '" + path().string() + "': Is a directory");
  }
}

}  // namespace
}  // namespace svhn::tune
