#include "core/file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cstdlib>

#include "core/lock.h"
#include "unit/hostile_bytes.h"

namespace svhn::core {
namespace {

namespace fs = std::filesystem;

ExitCode code_of(const std::function<void()>& call) {
  try {
    call();
  } catch (const Error& error) {
    EXPECT_FALSE(error.hint().empty());
    return error.code();
  }
  return ExitCode::ok;
}

std::size_t count_files(const fs::path& folder) {
  return static_cast<std::size_t>(std::distance(fs::directory_iterator(folder), {}));
}

TEST(RemoveTemporaries, TakesOursAndLeavesEverythingElse) {
  const test::TemporaryFolder folder;
  for (const char* name :
       {"a.json.Ab12Cd.tmp", "b.json.Ab12Cd.tmp", "a.json", "Ab12Cd.tmp", ".Ab12Cd.tmp", "a.json.backup.tmp",
        "a.json.Backup.tmp", "a.json.202401.tmp", "a.json.Ab-2Cd.tmp", "a.json-Ab12Cd.tmp"}) {
    folder.write(name, "x");
  }
  remove_temporaries(folder.path(), [](const auto& target) { return target.filename() == "a.json"; });
  EXPECT_FALSE(fs::exists(folder.path() / "a.json.Ab12Cd.tmp"));
  EXPECT_EQ(count_files(folder.path()), 9U);
  remove_temporaries(folder.path() / "none", [](const auto&) { return true; });
}

TEST(RemoveTemporaries, LeavesThoseOfTheLiving) {
  const test::TemporaryFolder folder;
  AtomicFile living(folder.path() / "a.json", ExitCode::data);
  living.write("whole");
  remove_temporaries(folder.path(), [](const auto&) { return true; });
  EXPECT_EQ(count_files(folder.path()), 1U);
  living.commit();
  EXPECT_EQ(test::read_bytes(folder.path() / "a.json"), "whole");
}

TEST(AtomicFile, RemovesWhatDeadWritersOfTheSameFileHaveLeft) {
  const test::TemporaryFolder folder;
  for (const char* name : {"a.Ab12Cd.tmp", "a.Xy34Zz.tmp", "b.Ab12Cd.tmp"}) folder.write(name, "half");
  AtomicFile living(folder.path() / "a", ExitCode::data);
  write_text_file(folder.path() / "a", "new", ExitCode::data);
  EXPECT_EQ(test::read_bytes(folder.path() / "a"), "new");
  EXPECT_EQ(count_files(folder.path()), 3U);  // a, b.Ab12Cd.tmp and the temporary file of `living`.
  EXPECT_TRUE(fs::exists(folder.path() / "b.Ab12Cd.tmp"));
  living.write("newer");
  living.commit();
  EXPECT_EQ(test::read_bytes(folder.path() / "a"), "newer");
}

TEST(AtomicFile, WorksInTheWorkingFolder) {
  const test::TemporaryFolder folder;
  const fs::path before = fs::current_path();
  fs::current_path(folder.path());
  folder.write("a.Ab12Cd.tmp", "half");
  write_text_file("a", "x", ExitCode::data);
  fs::current_path(before);
  EXPECT_EQ(test::read_bytes(folder.path() / "a"), "x");
  EXPECT_EQ(count_files(folder.path()), 1U);
}

TEST(AtomicFile, ReplacesTheFileBehindALinkAndKeepsTheLink) {
  const test::TemporaryFolder folder;
  folder.write("deep/real", "old");
  fs::create_symlink("deep/real", folder.path() / "link");
  fs::create_symlink("deep/new", folder.path() / "dangling");
  for (const std::string& name : std::vector<std::string>{"link", "dangling"}) {
    write_text_file(folder.path() / name, name, ExitCode::data);
    EXPECT_TRUE(fs::is_symlink(folder.path() / name));
    EXPECT_EQ(test::read_bytes(folder.path() / name), name);
  }
  EXPECT_EQ(test::read_bytes(folder.path() / "deep" / "real"), "link");
  fs::create_symlink("b", folder.path() / "a");
  fs::create_symlink("a", folder.path() / "b");
  EXPECT_EQ(code_of([&] { write_text_file(folder.path() / "a", "x", ExitCode::model); }), ExitCode::model);
}

TEST(AtomicFile, RefusesAPipeForBinaryContentAndWritesTextIntoIt) {
  const test::TemporaryFolder folder;
  const fs::path pipe = folder.path() / "pipe";
  ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
  const int reader = ::open(pipe.c_str(), O_RDONLY | O_NONBLOCK);
  EXPECT_EQ(code_of([&] { const AtomicFile file(pipe, ExitCode::data); }), ExitCode::usage);
  write_text_file(pipe, "text", ExitCode::data);
  std::array<char, 10> read{};
  EXPECT_EQ(::read(reader, read.data(), read.size()), 4);
  ::close(reader);
  EXPECT_TRUE(fs::is_fifo(pipe));
  EXPECT_EQ(count_files(folder.path()), 1U);
}

TEST(AtomicFile, WritesBehindWhatAnOpenDescriptorHasGot) {
  const test::TemporaryFolder folder;
  const fs::path file = folder.path() / "out";
  const int descriptor = ::open(file.c_str(), O_WRONLY | O_CREAT, 0600);
  const std::string name = "/dev/fd/" + std::to_string(descriptor);
  ASSERT_EQ(::write(descriptor, "a", 1), 1);
  write_text_file(name, "b", ExitCode::data);
  ASSERT_EQ(::write(descriptor, "c", 1), 1);
  EXPECT_EQ(code_of([&] { const AtomicFile binary(name, ExitCode::data); }), ExitCode::usage);
  ::close(descriptor);
  EXPECT_EQ(test::read_bytes(file), "abc");
  EXPECT_EQ(code_of([&] { write_text_file(name, "d", ExitCode::data); }), ExitCode::data);
}

TEST(AtomicFile, SaysThatADeviceIsFull) {
  EXPECT_EQ(code_of([] { write_text_file("/dev/full", "x", ExitCode::model); }), ExitCode::model);
  EXPECT_EQ(code_of([] { write_text_file("/dev/null", "x", ExitCode::model); }), ExitCode::ok);
  EXPECT_TRUE(fs::is_character_file("/dev/null"));
}

TEST(ReadTextFile, ReadsUpToItsLimit) {
  const test::TemporaryFolder folder;
  const fs::path file = folder.write("a", "text");
  EXPECT_EQ(read_text_file(file, ExitCode::data, 4), "text");
  EXPECT_EQ(code_of([&] { read_text_file(file, ExitCode::config, 3); }), ExitCode::config);
  EXPECT_EQ(code_of([&] { read_text_file(folder.path(), ExitCode::model, 3); }), ExitCode::model);
  EXPECT_EQ(code_of([&] { read_text_file(folder.path() / "none", ExitCode::model, 3); }), ExitCode::model);
}

}  // namespace
}  // namespace svhn::core
