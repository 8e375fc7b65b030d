#include "core/mappings.h"

#include <fcntl.h>
#include <unistd.h>

#include <csignal>
#include <numeric>

#include "core/file.h"
#include "unit/hostile_bytes.h"

namespace svhn::core {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kBytes = 1 << 20;

/// Overwrites in place, as cp does. @param seconds added to the time, as the clock of a file system is
/// coarse.
void overwrite(const fs::path& file, std::size_t bytes) {
  std::ofstream(file, std::ios::binary | std::ios::trunc) << std::string(bytes, 'y');
  fs::last_write_time(file, fs::file_time_type::clock::now() + std::chrono::seconds(10));
}

int sum_of(const MappedFile& file) {
  return std::accumulate(file.bytes().begin(), file.bytes().end(), 0,
                         [](int sum, std::byte byte) { return sum + static_cast<int>(byte); });
}

/// Runs in the child of a death test, since the watch stays on.
[[noreturn]] void read_after(const fs::path& path, const std::function<void()>& change) {
  watch_mappings();
  const MappedFile file(path, ExitCode::data);
  change();
  try {
    volatile int sum = sum_of(file);
    static_cast<void>(sum);
    check_mappings();
  } catch (const Error& error) {
    std::fprintf(stderr, "thrown: %s\n", error.what());
    ::_exit(static_cast<int>(error.code()) + 50);
  }
  ::_exit(0);
}

class MappingsDeathTest : public testing::Test {
 protected:
  test::TemporaryFolder folder_;
  fs::path file_ = folder_.write("data", std::string(kBytes, 'x'));
};

TEST_F(MappingsDeathTest, AFileThatBecameShorterEndsTheProcessWithOneLine) {
  EXPECT_EXIT(
      read_after(file_, [this] { overwrite(file_, 10); }), testing::ExitedWithCode(4),
      "^svhn: error: '[^']*data' was changed by another process while it was in use\nhint: [^\n]+\n$");
}

TEST_F(MappingsDeathTest, AFileThatWasWrittenOverIsNoticed) {
  for (const std::size_t bytes : {kBytes, 2 * kBytes}) {
    EXPECT_EXIT(read_after(file_, [&] { overwrite(file_, bytes); }), testing::ExitedWithCode(54),
                "^thrown: '[^']*data' was changed by another process while it was in use\n$");
  }
}

TEST_F(MappingsDeathTest, AlsoOfOneThatIsNotMappedAnyMore) {
  const auto read = [this] {
    watch_mappings();
    {
      const MappedFile file(file_, ExitCode::data);
      overwrite(file_, kBytes);
    }
    check_mappings();
  };
  EXPECT_EXIT(
      {
        try {
          read();
        } catch (const Error& error) {
          ::_exit(static_cast<int>(error.code()));
        }
        ::_exit(0);
      },
      testing::ExitedWithCode(4), "");
}

TEST_F(MappingsDeathTest, ReplacedAndRemovedFilesStayWhatTheyWere) {
  const auto replace = [this] {
    folder_.write("new", "short");
    fs::rename(folder_.path() / "new", file_);
  };
  EXPECT_EXIT(read_after(file_, replace), testing::ExitedWithCode(0), "^$");
  EXPECT_EXIT(read_after(file_, [this] { fs::remove(file_); }), testing::ExitedWithCode(0), "^$");
}

TEST_F(MappingsDeathTest, NothingIsWrittenFromAChangedFile) {
  EXPECT_EXIT(
      {
        watch_mappings();
        const MappedFile file(file_, ExitCode::data);
        overwrite(file_, kBytes);
        try {
          write_text_file(folder_.path() / "result", "x", ExitCode::model);
        } catch (const Error& error) {
          ::_exit(fs::exists(folder_.path() / "result") ? 1 : static_cast<int>(error.code()));
        }
        ::_exit(0);
      },
      testing::ExitedWithCode(4), "");
}

TEST_F(MappingsDeathTest, AnotherBusErrorEndsTheProcessAsEver) {
  EXPECT_EXIT(
      {
        watch_mappings();
        std::raise(SIGBUS);
        std::raise(SIGBUS);
      },
      testing::KilledBySignal(SIGBUS), "");
}

}  // namespace
}  // namespace svhn::core
