#include "core/pipe.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <string>
#include <thread>

#include "core/file.h"
#include "unit/hostile_bytes.h"

namespace svhn::core {
namespace {

std::string text_of(const MappedFile& file) {
  return {reinterpret_cast<const char*>(file.bytes().data()), file.bytes().size()};
}

/// A named pipe, into which a thread writes as soon as somebody reads it.
class FedPipe {
 public:
  FedPipe(std::filesystem::path path, const std::string& text) : path_(std::move(path)) {
    EXPECT_EQ(::mkfifo(path_.c_str(), 0600), 0);
    allow_pipe(path_);
    writer_ = std::thread([this, text] {
      const int descriptor = ::open(path_.c_str(), O_WRONLY | O_CLOEXEC);
      EXPECT_EQ(::write(descriptor, text.data(), text.size()), static_cast<ssize_t>(text.size()));
      ::close(descriptor);
    });
  }
  FedPipe(const FedPipe&) = delete;
  FedPipe& operator=(const FedPipe&) = delete;
  ~FedPipe() { writer_.join(); }
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
  std::thread writer_;
};

TEST(Pipes, AreReadAsFilesMoreThanOnce) {
  const test::TemporaryFolder folder;
  const std::string text = std::string(200'000, 'a') + "end";  // More than a pipe holds.
  const FedPipe pipe(folder.path() / "pipe", text);
  const MappedFile first(pipe.path(), ExitCode::data);
  EXPECT_EQ(text_of(first), text);
  EXPECT_EQ(text_of(MappedFile(pipe.path(), ExitCode::data)), text);
  EXPECT_EQ(read_text_file(pipe.path(), ExitCode::data, text.size()), text);
}

TEST(Pipes, ThatNobodyNamedAreRefusedAtOnce) {
  const test::TemporaryFolder folder;
  const auto path = folder.path() / "pipe";
  ASSERT_EQ(::mkfifo(path.c_str(), 0600), 0);
  allow_pipe(folder.path() / "none");
  EXPECT_THROW(MappedFile(path, ExitCode::data), Error);
  EXPECT_THROW(read_text_file(path, ExitCode::data, 100), Error);
  EXPECT_EQ(path_of_content(path, ExitCode::data), path);
}

TEST(Pipes, HaveAPathForLibraries) {
  const test::TemporaryFolder folder;
  const FedPipe pipe(folder.path() / "pipe", "hello");
  const auto path = path_of_content(pipe.path(), ExitCode::data);
  EXPECT_EQ(test::read_bytes(path), "hello");
  EXPECT_EQ(path_of_content(pipe.path(), ExitCode::data), path);
  folder.write("file", "x");
  EXPECT_EQ(path_of_content(folder.path() / "file", ExitCode::data), folder.path() / "file");
  EXPECT_EQ(path_of_content(folder.path() / "none", ExitCode::data), folder.path() / "none");
}

TEST(Pipes, HaveTheLimitsOfFiles) {
  const test::TemporaryFolder folder;
  const FedPipe pipe(folder.path() / "pipe", "12345");
  EXPECT_THROW(read_text_file(pipe.path(), ExitCode::config, 4), Error);
  EXPECT_EQ(read_text_file(pipe.path(), ExitCode::config, 5), "12345");
}

TEST(Pipes, MayBeEmpty) {
  const test::TemporaryFolder folder;
  const FedPipe pipe(folder.path() / "pipe", "");
  EXPECT_TRUE(MappedFile(pipe.path(), ExitCode::data).bytes().empty());
}

TEST(Pipes, OfTheProcessAreReadToo) {
  int ends[2];
  ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
  ASSERT_EQ(::write(ends[1], "hello", 5), 5);
  ::close(ends[1]);
  const std::string path = "/proc/self/fd/" + std::to_string(ends[0]);
  allow_pipe(path);
  EXPECT_EQ(read_text_file(path, ExitCode::data, 100), "hello");
  EXPECT_EQ(read_text_file(path, ExitCode::data, 100), "hello");
  ::close(ends[0]);
}

}  // namespace
}  // namespace svhn::core
