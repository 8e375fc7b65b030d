#include "core/lock.h"

#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <optional>

#include "unit/hostile_bytes.h"

namespace svhn::core {
namespace {

namespace fs = std::filesystem;

class FolderLockTest : public testing::Test {
 protected:
  /// @returns the message of the error of a call, and its code; "" without one.
  static std::pair<std::string, ExitCode> failure(const std::function<void()>& call) {
    try {
      call();
    } catch (const Error& error) {
      return {error.what(), error.code()};
    }
    return {"", ExitCode::ok};
  }

  test::TemporaryFolder folder_;
  fs::path run_ = folder_.path() / "models" / "run";
  fs::path file_ = run_ / ".lock";
};

TEST_F(FolderLockTest, NamesItsHolder) {
  const FolderLock first(run_);
  EXPECT_TRUE(first.effective());
  const auto [message, code] = failure([this] { const FolderLock second(run_); });
  EXPECT_EQ(code, ExitCode::usage);
  const std::string who =
      "'" + run_.string() + "' is in use by process " + std::to_string(::getpid()) + " on ";
  EXPECT_TRUE(message.starts_with(who)) << message;
  const std::string since = message.substr(message.find(" since "));
  EXPECT_EQ(since.size(), std::string(" since 2024-05-01T09:30:00Z").size()) << message;
}

TEST_F(FolderLockTest, LeavesNoFile) {
  { const FolderLock lock(run_); }
  EXPECT_TRUE(fs::is_empty(run_));
  const FolderLock again(run_);
}

TEST_F(FolderLockTest, EndsWithItsProcess) {
  std::array<int, 2> ready{};
  ASSERT_EQ(::pipe(ready.data()), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    const FolderLock lock(run_);
    if (::write(ready[1], "x", 1) == 1) ::pause();
    ::_exit(0);
  }
  char byte = 0;
  ASSERT_EQ(::read(ready[0], &byte, 1), 1);
  ::kill(child, SIGSTOP);
  EXPECT_NE(failure([this] { const FolderLock lock(run_); }).first, "") << "a stopped process may go on";
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
  EXPECT_TRUE(fs::exists(file_));
  EXPECT_EQ(failure([this] { const FolderLock lock(run_); }).first, "");
}

TEST_F(FolderLockTest, OfADeadProcessIsRemovedAndNoOther) {
  folder_.write("models/run/.lock", "process 1 on nowhere since ever\n");
  {
    const FolderLock lock(run_);
    remove_dead_lock(run_);
    EXPECT_TRUE(lock.intact());
  }
  folder_.write("models/run/.lock", "process 1 on nowhere since ever\n");
  remove_dead_lock(run_);
  EXPECT_TRUE(fs::is_empty(run_));
  remove_dead_lock(run_);
}

TEST_F(FolderLockTest, IsRenewedInAFolderThatWasRemoved) {
  FolderLock lock(run_);
  EXPECT_TRUE(lock.intact());
  fs::remove_all(folder_.path() / "models");
  EXPECT_FALSE(lock.intact());
  lock.renew();
  EXPECT_TRUE(lock.intact());
  EXPECT_EQ(failure([this] { const FolderLock second(run_); }).second, ExitCode::usage);
}

TEST_F(FolderLockTest, IsNotRenewedWhereAnotherHasIt) {
  FolderLock lock(run_);
  fs::remove_all(run_);
  std::optional<FolderLock> other(std::in_place, run_);
  const auto [message, code] = failure([&] { lock.renew(); });
  EXPECT_EQ(code, ExitCode::data);
  EXPECT_NE(message.find("was removed during the run, and now '" + run_.string() + "' is in use by process "),
            std::string::npos)
      << message;
  other.reset();
}

TEST_F(FolderLockTest, SaysWhenTheFolderCannotBeWritten) {
  folder_.write("models", "a file");
  EXPECT_EQ(failure([this] { const FolderLock lock(run_); }),
            std::pair("cannot create the folder '" + run_.string() + "': Not a directory", ExitCode::data));
}

}  // namespace
}  // namespace svhn::core
