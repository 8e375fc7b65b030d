#include "data/sources/pickled.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <limits>
#include <numeric>
#include <sstream>
#include <string>

#include "core/file.h"
#include "data/prepared.h"
#include "unit/formats/pickle/builder.h"

namespace svhn::data {
namespace {

namespace fs = std::filesystem;
using namespace std::string_literals;
using test::as_bytes;
using test::PickleBuilder;

const fs::path kPickledFixtures = fs::path(SVHN_SOURCE_DIR) / "tests" / "fixtures" / "pickle";

/// What tests/fixtures/pickle/generate.py states of every file that it writes.
void expect_fixture(const RawDigits& digits, const std::string& name) {
  ASSERT_EQ(digits.labels, (std::vector<std::int64_t>{1, 4, 7})) << name;
  ASSERT_EQ(std::ssize(digits.images), 3 * kImageBytes) << name;
  for (int r = 0; r < 3; ++r) {
    for (int p = 0; p < kImageBytes; ++p) {
      ASSERT_EQ(digits.images[static_cast<std::size_t>(r * kImageBytes + p)],
                (37 * r + 11 * p + p / 256) % 256)
          << name << " row " << r << " pixel " << p;
    }
  }
}

std::vector<fs::path> pickles_in(const fs::path& folder) {
  std::vector<fs::path> paths;
  for (const auto& entry : fs::directory_iterator(folder)) {
    if (entry.path().extension() == ".pkl") paths.push_back(entry.path());
  }
  std::sort(paths.begin(), paths.end());
  return paths;
}

RawDigits read(const std::string& text) {
  return read_pickled_bytes(as_bytes(text), "x.pkl");
}

std::string refusal(const std::string& text) {
  try {
    read(text);
  } catch (const core::Error& error) {
    EXPECT_EQ(error.code(), core::ExitCode::data);
    EXPECT_FALSE(error.hint().empty());
    EXPECT_NE(std::string(error.what()).find("(byte "), std::string::npos) << error.what();
    return std::string(error.what()) + " | " + error.hint();
  }
  return "accepted";
}

/// (X, y): one image and the opcodes of y.
std::string pair_with(const std::string& type, const std::string& pixels, const std::string& y) {
  return PickleBuilder().array(type, {1, kImageBytes}, pixels).raw(y).raw("\x86").stop();
}

std::string floats(std::initializer_list<float> first) {
  std::vector<float> values(static_cast<std::size_t>(kImageBytes), 0.0F);
  std::copy(first.begin(), first.end(), values.begin());
  return {reinterpret_cast<const char*>(values.data()), values.size() * sizeof(float)};
}

const std::string kOneLabel =
    "](K\x05"
    "e";
const std::string kBlack(static_cast<std::size_t>(kImageBytes), '\0');

TEST(ReadPickledFrame, ReadsEveryFormOfEveryWriter) {
  const auto paths = pickles_in(kPickledFixtures);
  ASSERT_GE(paths.size(), 49U);
  for (const fs::path& path : paths) expect_fixture(read_pickled_frame(path), path.filename().string());
}

TEST(ReadPickledFrame, ReadsAWholeMatrixOfWritersWhereThereIsOne) {
  const char* folder = std::getenv("SVHN_PICKLE_MATRIX");
  if (folder == nullptr) GTEST_SKIP() << "SVHN_PICKLE_MATRIX names no folder of generate.py --all";
  for (const fs::path& path : pickles_in(folder)) expect_fixture(read_pickled_frame(path), path.string());
}

TEST(ReadPickledFrame, ReadsTheSampleAsTheArffHasIt) {
  const char* shared = std::getenv("SVHN_SHARED");
  const fs::path folder =
      (shared != nullptr ? fs::path(shared) : fs::path(SVHN_SOURCE_DIR) / ".." / "shared") / "data";
  if (!fs::exists(folder / "dataset.pkl.py3")) GTEST_SKIP() << "no sample in " << folder;
  const RawDigits digits = read_pickled_frame(folder / "dataset.pkl.py3");
  ASSERT_EQ(digits.labels.size(), 8000U);
  // numpy: frame.iloc[:, :-1].to_numpy().sum(dtype="int64")
  EXPECT_EQ(std::accumulate(digits.images.begin(), digits.images.end(), std::int64_t{0}), 2849579643);
  std::ifstream arff(folder / "svhn_200.arff");
  std::string line;
  std::size_t row = 0;
  while (std::getline(arff, line)) {
    if (line.empty() || line[0] < '0' || line[0] > '9') continue;
    std::istringstream values(line);
    std::string value;
    for (std::size_t p = 0; p < 3072; ++p) {
      std::getline(values, value, ',');
      ASSERT_EQ(digits.images[row * 3072 + p], std::stoi(value)) << "row " << row << " pixel " << p;
    }
    std::getline(values, value, ',');
    ASSERT_EQ(digits.labels[row++], std::stoi(value));
  }
  EXPECT_EQ(row, 200U);
}

TEST(ReadPickledFrame, TurnsColumnsIntoImagesInWholeAndPartBlocks) {
  // [32,32,3,N] in C order: pixel p of image r is element p * N + r. 150 rows: a whole tile of 128, a block
  // of 16 and a rest of 6.
  constexpr std::int64_t kRows = 150;
  std::string stored;
  for (std::int64_t p = 0; p < kImageBytes; ++p) {
    for (std::int64_t r = 0; r < kRows; ++r)
      stored.push_back(static_cast<char>((37 * r + 11 * p + p / 256) % 256));
  }
  PickleBuilder builder;
  builder.array("u1", {32, 32, 3, kRows}, stored)
      .array("u1", {kRows}, std::string(kRows, '\x03'))
      .raw("\x86");
  const RawDigits digits = read(builder.stop());
  ASSERT_EQ(digits.labels, std::vector<std::int64_t>(kRows, 3));
  for (std::int64_t r = 0; r < kRows; ++r) {
    for (std::int64_t p = 0; p < kImageBytes; ++p) {
      ASSERT_EQ(digits.images[static_cast<std::size_t>(r * kImageBytes + p)],
                (37 * r + 11 * p + p / 256) % 256)
          << "row " << r << " pixel " << p;
    }
  }
}

TEST(ReadPickledFrame, ScalesFractionsBackExactlyOrRefusesThem) {
  const RawDigits scaled =
      read(pair_with("f4", floats({1.0F, 7.0F / 255.0F, 254.0F * (1.0F / 255.0F)}), kOneLabel));
  EXPECT_EQ(scaled.images[0], 255);
  EXPECT_EQ(scaled.images[1], 7);
  EXPECT_EQ(scaled.images[2], 254);
  // Without a fraction anywhere, 1 is 1.
  EXPECT_EQ(read(pair_with("f4", floats({1.0F, 0.0F}), kOneLabel)).images[0], 1);
  EXPECT_NE(refusal(pair_with("f4", floats({0.5F}), kOneLabel)).find("not k/255"), std::string::npos);
  EXPECT_NE(refusal(pair_with("f4", floats({7.0F / 255.0F, 2.0F}), kOneLabel)).find("2.000000"),
            std::string::npos);
}

TEST(ReadPickledFrame, RefusesPixelsOutOfRange) {
  EXPECT_NE(refusal(pair_with("f4", floats({256.0F}), kOneLabel)).find("a pixel is 256"), std::string::npos);
  EXPECT_NE(refusal(pair_with("f4", floats({-1.0F}), kOneLabel)).find("a pixel is -1"), std::string::npos);
  EXPECT_NE(refusal(pair_with("f4", floats({3.5F}), kOneLabel)).find("a pixel is 3.5"), std::string::npos);
  EXPECT_NE(
      refusal(pair_with("f4", floats({std::numeric_limits<float>::quiet_NaN()}), kOneLabel)).find("missing"),
      std::string::npos);
  EXPECT_NE(refusal(pair_with("i1", "\xff" + kBlack.substr(1), kOneLabel)).find("a pixel is -1"),
            std::string::npos);
  EXPECT_NE(
      refusal(pair_with("i2", "\x00\x01"s + kBlack + kBlack.substr(2), kOneLabel)).find("a pixel is 256"),
      std::string::npos);
}

TEST(ReadPickledFrame, TellsThatTorchvisionNumbersDigits) {
  const auto dict = [](const char* x, const char* y, std::initializer_list<std::int64_t> shape) {
    PickleBuilder pickle;
    pickle.raw("}(").text(x).array("u1", shape, kBlack).text(y).raw(kOneLabel).raw("u");
    return pickle;
  };
  EXPECT_EQ(read(dict("data", "labels", {1, kImageBytes}).stop()).rule, LabelRule::digit);
  EXPECT_EQ(read(dict("X", "y", {1, kChannels, kSide, kSide}).stop()).rule, LabelRule::digit);
  EXPECT_EQ(read(dict("X", "y", {1, kSide, kSide, kChannels}).stop()).rule, std::nullopt);
  EXPECT_EQ(read(dict("data", "target", {1, kImageBytes}).stop()).rule, std::nullopt);
  EXPECT_EQ(read(pair_with("u1", kBlack, kOneLabel)).rule, std::nullopt);
  // The data set itself: NEWOBJ and its attributes.
  PickleBuilder object;
  object.global("torchvision.datasets.svhn", "SVHN").raw(")\x81}(").text("transform").raw("N").text("data");
  object.array("u1", {1, kChannels, kSide, kSide}, kBlack).text("labels").raw(kOneLabel).raw("ub");
  const RawDigits digits = read(object.stop());
  EXPECT_EQ(digits.rule, LabelRule::digit);
  EXPECT_EQ(digits.labels, std::vector<std::int64_t>{5});
}

TEST(ReadPickledFrame, RefusesMissingAndOddLabels) {
  const std::string nan = "](G\x7f\xf8"s + std::string(6, '\0') + "e";
  EXPECT_NE(refusal(pair_with("u1", kBlack, nan)).find("label of row 0 is missing (NaN or None)"),
            std::string::npos);
  EXPECT_NE(refusal(pair_with("u1", kBlack, "](Ne")).find("label of row 0 is missing"), std::string::npos);
  const std::string word = "](X\x03" + "\0\0\0"s + "cate";
  EXPECT_NE(refusal(pair_with("u1", kBlack, word)).find("not a whole number"), std::string::npos);
  EXPECT_NE(refusal(pair_with("u1", kBlack,
                              "](K\x05K\x05"
                              "e"))
                .find("2 values where 1 belong"),
            std::string::npos);
  EXPECT_NE(refusal(PickleBuilder().array("u1", {1, kImageBytes}, kBlack).stop()).find("without labels"),
            std::string::npos);
}

TEST(ReadPickledFrame, RefusesWhatHoldsNoDigits) {
  EXPECT_NE(refusal(PickleBuilder().raw("N").stop()).find("no digits"), std::string::npos);
  EXPECT_NE(refusal(PickleBuilder().raw("}").stop()).find("no key X"), std::string::npos);
  EXPECT_NE(refusal(PickleBuilder().raw(")").stop()).find("no digits"), std::string::npos);
  const std::string flat = PickleBuilder().array("u1", {2, 2}, "abcd").raw("]\x86").stop();
  EXPECT_NE(refusal(flat).find("an array of shape [2,2] does not hold"), std::string::npos);
  const std::string none = PickleBuilder().array("u1", {0, kImageBytes}, "").raw("]\x86").stop();
  EXPECT_NE(refusal(none).find("no images"), std::string::npos);
  EXPECT_NE(refusal(pair_with("b1", kBlack, kOneLabel)).find("pixels of type bool"), std::string::npos);
}

TEST(ReadPickledFrame, RefusesHostilePickles) {
  const std::string system = PickleBuilder().global("posix", "system").text("true").raw("\x85R").stop();
  EXPECT_NE(refusal(system).find("asks for 'posix.system' (byte 2), which a data frame does not need | "
                                 "nothing of the file was run"),
            std::string::npos);
  constexpr std::size_t kDepth = 100000;
  EXPECT_NE(refusal(PickleBuilder().repeat("]", kDepth).repeat("a", kDepth - 1).stop()), "accepted");
  EXPECT_NE(refusal(PickleBuilder().raw(")").repeat("\x85", kDepth).stop()), "accepted");
  PickleBuilder bomb;
  bomb.raw("]\x94");
  for (int i = 0; i < 100; ++i) bomb.raw("](").repeat("h"s + static_cast<char>(i), 10).raw("e\x94");
  EXPECT_NE(refusal(bomb.stop()), "accepted");
  constexpr std::int64_t kHuge = std::int64_t{1} << 60;
  EXPECT_NE(refusal(PickleBuilder().array("u1", {kHuge, kImageBytes}, "a").raw("]\x86").stop()), "accepted");
}

TEST(ReadPickledFrame, NamesAMissingFile) {
  try {
    read_pickled_frame("no/such.pkl");
    FAIL();
  } catch (const core::Error& error) {
    EXPECT_NE(std::string(error.what()).find("no/such.pkl"), std::string::npos);
  }
}

}  // namespace
}  // namespace svhn::data
