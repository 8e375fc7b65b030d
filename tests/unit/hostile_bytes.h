#pragma once
/// Damaged files for the tests of readers: whatever a reader is given, it reads it or throws `core::Error`.

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <functional>
#include <string>
#include <string_view>

#include "core/error.h"
#include "core/random.h"

namespace svhn::test {

/// A folder of its own that goes away with the object.
class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string name = (std::filesystem::temp_directory_path() / "svhn-test-XXXXXX").string();
    if (::mkdtemp(name.data()) != nullptr) path_ = name;
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  ~TemporaryFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }

  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

  /// Writes (or overwrites) a file, making folders as needed. @returns its path.
  std::filesystem::path write(const std::string& name, std::string_view bytes) const {
    const std::filesystem::path file = path_ / name;
    std::filesystem::create_directories(file.parent_path());
    // ext4 writes a file that is truncated and filled again to the disk at once; a new one it does not.
    std::filesystem::remove(file);
    std::ofstream stream(file, std::ios::binary | std::ios::trunc);
    stream.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
    return file;
  }

 private:
  std::filesystem::path path_;
};

inline std::string read_bytes(const std::filesystem::path& path) {
  std::ifstream stream(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), {}};
}

/// How many readings of a damaged file ended how.
struct Outcome {
  int read = 0;
  int refused = 0;
};

/// Calls `read`; a `core::Error` must be of exit code 4 and one line with a hint, anything else fails the
/// test.
inline void try_reading(const std::function<void()>& read, const std::string& what, Outcome& outcome) {
  try {
    read();
    ++outcome.read;
  } catch (const core::Error& error) {
    ++outcome.refused;
    EXPECT_EQ(error.code(), core::ExitCode::data) << what;
    EXPECT_EQ(std::string(error.what()).find('\n'), std::string::npos) << what;
    EXPECT_FALSE(error.hint().empty()) << what << ": " << error.what();
  } catch (const std::exception& error) {
    ADD_FAILURE() << what << ": " << error.what();
  }
}

/// Reads `bytes` cut off at every 1/64 of their length.
inline Outcome read_truncated(std::string_view bytes, const std::function<void(std::string_view)>& read) {
  Outcome outcome;
  for (std::size_t part = 0; part < 64; ++part) {
    const std::string_view cut = bytes.substr(0, bytes.size() * part / 64);
    try_reading([&] { read(cut); }, "cut to " + std::to_string(cut.size()) + " bytes", outcome);
  }
  return outcome;
}

/// Reads `bytes` with one bit flipped, `count` times; the places depend on `seed` alone.
/// @param within flips fall on the first so many bytes.
inline Outcome read_flipped(std::string_view bytes, int count, std::uint64_t seed, std::size_t within,
                            const std::function<void(std::string_view)>& read) {
  Outcome outcome;
  core::CounterRandom random(seed, core::stream_id("bit flips"));
  std::string damaged(bytes);
  for (int i = 0; i < count; ++i) {
    const std::size_t place = random.below(std::min(within, damaged.size()));
    const auto bit = static_cast<char>(1U << random.below(8));
    damaged[place] = static_cast<char>(damaged[place] ^ bit);
    try_reading([&] { read(damaged); }, "flip in byte " + std::to_string(place), outcome);
    damaged[place] = static_cast<char>(damaged[place] ^ bit);
  }
  return outcome;
}

}  // namespace svhn::test
