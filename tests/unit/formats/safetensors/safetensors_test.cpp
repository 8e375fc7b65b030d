#include "formats/safetensors/safetensors.h"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <cstring>
#include <fstream>
#include <functional>
#include <iterator>
#include <numeric>

#include "formats/safetensors/header.h"

namespace svhn::formats {
namespace {

namespace fs = std::filesystem;
using core::Error;
using core::ExitCode;

class SafetensorsTest : public testing::Test {
 protected:
  void SetUp() override {
    const std::string name = testing::UnitTest::GetInstance()->current_test_info()->name();
    folder_ = fs::temp_directory_path() / ("svhn_safetensors_" + name + "_" + std::to_string(::getpid()));
    fs::create_directories(folder_);
    std::iota(floats_.begin(), floats_.end(), 0.5F);
  }
  void TearDown() override { fs::remove_all(folder_); }

  [[nodiscard]] fs::path file(const std::string& name = "a.safetensors") const { return folder_ / name; }

  [[nodiscard]] std::vector<TensorToWrite> small() const {
    return {{"bytes", DType::u8, {5}, std::as_bytes(std::span(bytes_))},
            {"weights", DType::f32, {2, 3}, std::as_bytes(std::span(floats_))},
            {"empty", DType::f64, {0, 7}, {}},
            {"rows", DType::i64, {}, std::as_bytes(std::span(&row_, 1))}};
  }

  fs::path folder_;
  std::vector<std::uint8_t> bytes_{1, 2, 3, 250, 255};
  std::array<float, 6> floats_{};
  std::int64_t row_ = -7;
};

std::string read(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

/// @returns whether opening the file and verifying all of it reports damage.
bool noticed(const fs::path& path) {
  try {
    const SafetensorsFile file(path, ExitCode::model);
    file.verify();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ExitCode::model);
    EXPECT_NE(std::string(error.what()).find(path.string()), std::string::npos);
    return true;
  }
  return false;
}

/// Changes one byte in place, which is much faster than rewriting the file.
void set_byte(const fs::path& path, std::size_t at, char value) {
  std::fstream stream(path, std::ios::binary | std::ios::in | std::ios::out);
  stream.seekp(static_cast<std::streamoff>(at));
  stream.put(value);
}

void expect_every_flip_noticed(const fs::path& path) {
  const std::string whole = read(path);
  for (std::size_t bit = 0; bit < 8 * whole.size(); ++bit) {
    const std::size_t at = bit / 8;
    set_byte(path, at, static_cast<char>(whole[at] ^ (1 << (bit % 8))));
    ASSERT_TRUE(noticed(path)) << "bit " << bit % 8 << " of byte " << at;
    set_byte(path, at, whole[at]);
  }
  EXPECT_FALSE(noticed(path));
}

std::string message_of(const std::function<void()>& action) {
  try {
    action();
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}

TEST_F(SafetensorsTest, GivesBackWhatWasWritten) {
  write_safetensors(file(), small(), {{"kind", "test \"x\"\n"}}, ExitCode::model);
  const SafetensorsFile back(file(), ExitCode::model);
  EXPECT_TRUE(back.has_checksums());
  EXPECT_EQ(back.metadata(), (std::map<std::string, std::string>{{"kind", "test \"x\"\n"}}));
  ASSERT_EQ(back.tensors().size(), 4U);
  for (const TensorToWrite& tensor : small()) {
    const TensorInfo& info = back.require(tensor.name, tensor.dtype, tensor.shape);
    const auto bytes = back.bytes(info);
    EXPECT_TRUE(std::ranges::equal(bytes, tensor.bytes)) << tensor.name;
  }
  EXPECT_EQ(back.find("other"), nullptr);
}

TEST_F(SafetensorsTest, LaysTensorsOutByAlignmentThenNameAtAMultipleOf64) {
  write_safetensors(file(), small(), {}, ExitCode::model);
  std::vector<std::string> names;
  const SafetensorsFile back(file(), ExitCode::model);
  for (const TensorInfo& tensor : back.tensors()) names.push_back(tensor.name);
  EXPECT_EQ(names, (std::vector<std::string>{"empty", "rows", "weights", "bytes"}));
  const std::size_t data_bytes = 8 + 24 + 5;
  EXPECT_EQ((fs::file_size(file()) - data_bytes) % 64, 0U);
}

TEST_F(SafetensorsTest, WritesTheSameBytesForTheSameContentInAnyOrder) {
  auto reversed = small();
  std::ranges::reverse(reversed);
  write_safetensors(file("a"), small(), {{"k", "v"}}, ExitCode::model);
  write_safetensors(file("folder/b"), reversed, {{"k", "v"}}, ExitCode::model);
  EXPECT_EQ(read(file("a")), read(file("folder/b")));
}

TEST_F(SafetensorsTest, NoticesEveryFlippedBit) {
  write_safetensors(file(), small(), {{"k", "v"}}, ExitCode::model);
  expect_every_flip_noticed(file());
}

TEST_F(SafetensorsTest, NoticesEveryFlippedBitOfAFileWithoutTensors) {
  write_safetensors(file(), {}, {}, ExitCode::model);
  expect_every_flip_noticed(file());
}

TEST_F(SafetensorsTest, NoticesTruncationAtEveryLengthAndAnAddedByte) {
  write_safetensors(file(), small(), {}, ExitCode::model);
  const std::uintmax_t whole = fs::file_size(file());
  fs::resize_file(file(), whole + 1);
  EXPECT_TRUE(noticed(file()));
  for (std::uintmax_t length = whole; length-- > 0;) {
    fs::resize_file(file(), length);
    ASSERT_TRUE(noticed(file())) << length;
  }
}

TEST_F(SafetensorsTest, VerifiesOnlyThePiecesThatAreAskedFor) {
  const std::vector<std::uint8_t> large(3 * kPieceBytes + 10, 7);
  const auto length = static_cast<std::int64_t>(large.size());
  write_safetensors(file(), {{"x", DType::u8, {length}, std::as_bytes(std::span(large))}}, {},
                    ExitCode::data);
  set_byte(file(), fs::file_size(file()) - large.size() + kPieceBytes, 8);  // The second piece's first byte.
  const SafetensorsFile damaged(file(), ExitCode::data);
  const TensorInfo x = damaged.require("x", DType::u8, {-1});
  EXPECT_NO_THROW(damaged.bytes(x, 0, kPieceBytes));
  EXPECT_NO_THROW(damaged.bytes(x, 2 * kPieceBytes, kPieceBytes + 10));
  EXPECT_EQ(message_of([&] { damaged.bytes(x, kPieceBytes - 1, 2); }),
            "'" + file().string() +
                "': tensor 'x' does not match its checksum between its bytes 1048576 and 2097152");
  EXPECT_THROW(damaged.bytes(x), Error);
  EXPECT_THROW(damaged.verify(), Error);
}

TEST_F(SafetensorsTest, RefusesBytesOutsideOfATensor) {
  write_safetensors(file(), small(), {}, ExitCode::model);
  const SafetensorsFile back(file(), ExitCode::model);
  const TensorInfo& bytes = back.require("bytes", DType::u8, {5});
  EXPECT_EQ(back.bytes(bytes, 5, 0).size(), 0U);
  EXPECT_THROW(back.bytes(bytes, 5, 1), Error);
  EXPECT_THROW(back.bytes(bytes, 1, SIZE_MAX), Error);
  EXPECT_THROW(back.bytes(TensorInfo{"other", DType::u8, {1}, 0, 1}), Error);
}

TEST_F(SafetensorsTest, RequireNamesTheTensorAndBothShapes) {
  write_safetensors(file(), small(), {}, ExitCode::model);
  const SafetensorsFile back(file(), ExitCode::model);
  EXPECT_NO_THROW(back.require("weights", DType::f32, {-1, 3}));
  const std::string start = "'" + file().string() + "': ";
  EXPECT_EQ(message_of([&] { back.require("other", DType::f32, {1}); }),
            start + "there is no tensor 'other'");
  EXPECT_EQ(message_of([&] {
              back.require("weights", DType::f32, {-1, 4});
            }),
            start + "tensor 'weights' is F32 [2,3] where F32 [any,4] is needed");
  EXPECT_EQ(message_of([&] {
              back.require("weights", DType::f64, {2, 3});
            }),
            start + "tensor 'weights' is F32 [2,3] where F64 [2,3] is needed");
  EXPECT_THROW(back.require("weights", DType::f32, {6}), Error);
}

TEST_F(SafetensorsTest, ReportsAMissingFileAndAFolder) {
  EXPECT_EQ(message_of([&] { SafetensorsFile(file("none"), ExitCode::data); }),
            "cannot read '" + file("none").string() + "': No such file or directory");
  EXPECT_TRUE(noticed(folder_));
}

TEST_F(SafetensorsTest, RefusesToWriteWhatCannotBeRead) {
  const auto bytes = std::as_bytes(std::span(bytes_));
  const auto fault = [&](const std::vector<TensorToWrite>& tensors,
                         const std::map<std::string, std::string>& meta) {
    return message_of([&] { write_safetensors(file(), tensors, meta, ExitCode::data); });
  };
  EXPECT_EQ(fault({{"x", DType::u8, {4}, bytes}}, {}),
            "tensor 'x' has 5 bytes, which does not fit its shape");
  EXPECT_EQ(fault({{"x", DType::u8, {-5}, bytes}}, {}),
            "tensor 'x' has 5 bytes, which does not fit its shape");
  EXPECT_EQ(fault({{"x", DType::u8, {5}, bytes}, {"x", DType::f64, {0}, {}}}, {}),
            "two tensors are named 'x'");
  EXPECT_EQ(fault({{"__metadata__", DType::u8, {5}, bytes}}, {}), "a tensor cannot be named '__metadata__'");
  EXPECT_EQ(fault({}, {{"svhn.checksum.x", ""}}), "the metadata key 'svhn.checksum.x' is reserved");
  EXPECT_NE(fault({{"\xFF", DType::u8, {5}, bytes}}, {}).find("not UTF-8"), std::string::npos);
  EXPECT_FALSE(fs::exists(file()));
}

/// Limits the size of all files of this process to `bytes` during its lifetime.
class FileSizeLimit {
 public:
  explicit FileSizeLimit(rlim_t bytes) {
    ::getrlimit(RLIMIT_FSIZE, &before_);
    const rlimit now{bytes, before_.rlim_max};
    ::setrlimit(RLIMIT_FSIZE, &now);
  }
  FileSizeLimit(const FileSizeLimit&) = delete;
  FileSizeLimit& operator=(const FileSizeLimit&) = delete;
  ~FileSizeLimit() { ::setrlimit(RLIMIT_FSIZE, &before_); }

 private:
  rlimit before_{};
};

TEST_F(SafetensorsTest, LeavesTheOldFileWholeWhenAWriteFails) {
  write_safetensors(file(), small(), {}, ExitCode::model);
  const std::string before = read(file());
  const std::vector<std::uint8_t> large(100'000, 7);
  {
    const auto old_handler = std::signal(SIGXFSZ, SIG_IGN);
    const FileSizeLimit limit(50'000);
    EXPECT_THROW(write_safetensors(file(), {{"x", DType::u8, {100'000}, std::as_bytes(std::span(large))}}, {},
                                   ExitCode::model),
                 Error);
    std::signal(SIGXFSZ, old_handler);
  }
  EXPECT_EQ(read(file()), before);
  EXPECT_EQ(std::distance(fs::directory_iterator(folder_), {}), 1) << "nothing half-written is left";
}

TEST_F(SafetensorsTest, LeavesTheOldFileWholeWhenKilledWhileWriting) {
  write_safetensors(file(), small(), {}, ExitCode::model);
  const std::string before = read(file());
  const std::vector<std::uint8_t> large(100'000, 7);
  const auto write_and_die = [&] {
    const FileSizeLimit limit(50'000);
    std::signal(SIGXFSZ, SIG_DFL);
    write_safetensors(file(), {{"x", DType::u8, {100'000}, std::as_bytes(std::span(large))}}, {},
                      ExitCode::model);
  };
  EXPECT_EXIT(write_and_die(), testing::KilledBySignal(SIGXFSZ), "");
  EXPECT_EQ(read(file()), before);
}

}  // namespace
}  // namespace svhn::formats
