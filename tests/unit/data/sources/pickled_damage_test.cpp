// Damaged pickles: each is refused with a byte offset, or read as valid data; nothing else may happen.
#include <gtest/gtest.h>

#include <filesystem>
#include <string>

#include "core/file.h"
#include "core/random.h"
#include "data/prepared.h"
#include "data/sources/pickled.h"

namespace svhn::data {
namespace {

namespace fs = std::filesystem;

const fs::path kFixtures = fs::path(SVHN_SOURCE_DIR) / "tests" / "fixtures" / "pickle";

std::string load(const fs::path& path) {
  return core::read_text_file(path, core::ExitCode::data, std::size_t{1} << 30);
}

enum class Outcome { read, refused };

Outcome outcome(const std::string& content) {
  try {
    const RawDigits digits =
        read_pickled_bytes(std::as_bytes(std::span(content.data(), content.size())), "x.pkl");
    EXPECT_EQ(std::ssize(digits.images), std::ssize(digits.labels) * kImageBytes);
    return Outcome::read;
  } catch (const core::Error& error) {
    EXPECT_EQ(error.code(), core::ExitCode::data);
    EXPECT_NE(std::string(error.what()).find("'x.pkl': "), std::string::npos) << error.what();
    EXPECT_NE(std::string(error.what()).find("(byte "), std::string::npos) << error.what();
    EXPECT_EQ(std::string(error.what()).find('\n'), std::string::npos) << error.what();
    EXPECT_FALSE(error.hint().empty());
    return Outcome::refused;
  }
}

TEST(DamagedPickle, IsRefusedAtEveryTruncation) {
  for (const auto& entry : fs::directory_iterator(kFixtures)) {
    if (entry.path().extension() != ".pkl") continue;
    const std::string whole = load(entry.path());
    ASSERT_EQ(outcome(whole), Outcome::read) << entry.path();
    for (std::size_t part = 0; part < 64; ++part) {
      EXPECT_EQ(outcome(whole.substr(0, whole.size() * part / 64)), Outcome::refused)
          << entry.path() << " " << part;
    }
    EXPECT_EQ(outcome(whole.substr(0, whole.size() - 1)), Outcome::refused) << entry.path();
  }
}

/// @returns how many were refused. Flips anywhere mostly hit pixels, which nothing can tell; every other one
/// here aims at the structure in front.
std::size_t flip_bits(const fs::path& path, std::size_t flips, std::uint64_t index) {
  std::string content = load(path);
  core::CounterRandom random(1, core::stream_id("flip"), index);
  std::size_t refused = 0;
  for (std::size_t i = 0; i < flips; ++i) {
    const std::size_t reach = i % 2 == 0 ? content.size() : std::min<std::size_t>(content.size(), 2000);
    const std::size_t place = random.below(reach);
    const char kept = content[place];
    content[place] = static_cast<char>(content[place] ^ (1 << random.below(8)));
    refused += outcome(content) == Outcome::refused ? 1 : 0;
    content[place] = kept;
  }
  EXPECT_EQ(outcome(content), Outcome::read) << path;
  return refused;
}

TEST(DamagedPickle, SurvivesTwoThousandBitFlips) {
  std::vector<fs::path> paths;
  for (const auto& entry : fs::directory_iterator(kFixtures)) {
    if (entry.path().extension() == ".pkl") paths.push_back(entry.path());
  }
  std::sort(paths.begin(), paths.end());
  ASSERT_FALSE(paths.empty());
  const std::size_t flips = 2000 / paths.size() + 1;
  std::size_t refused = 0;
  for (std::size_t i = 0; i < paths.size(); ++i) refused += flip_bits(paths[i], flips, i);
  EXPECT_GT(refused, 200U);  // Flips in the structure that none noticed would be believed.
}

TEST(DamagedPickle, SurvivesBytesReplacedInItsStructure) {
  // A digit of a number, an opcode or a length turned into any other byte: the tail after the pixels, where
  // the index, the labels and the names stand.
  std::string content = load(kFixtures / "openml-1.5-1.24-p5.pkl");
  core::CounterRandom random(1, core::stream_id("replace"));
  for (int i = 0; i < 1000; ++i) {
    const std::size_t tail = std::min<std::size_t>(content.size(), 4000);
    const std::size_t place = i % 2 == 0 ? random.below(250) : 9400 + random.below(tail - 2000);
    const char kept = content[place];
    content[place] = static_cast<char>(random.below(256));
    outcome(content);
    content[place] = kept;
  }
}

}  // namespace
}  // namespace svhn::data
