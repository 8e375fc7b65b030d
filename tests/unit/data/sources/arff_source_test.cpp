#include "data/sources/arff_source.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <numeric>

#include "data/prepared.h"
#include "unit/hostile_bytes.h"

namespace svhn::data {
namespace {

using test::TemporaryFolder;

std::string header(std::string_view class_line, int pixels = 3072) {
  std::string text = "@RELATION SVHN\n";
  for (int i = 0; i < pixels; ++i) text += "@ATTRIBUTE V" + std::to_string(i) + " INTEGER\n";
  return text + std::string(class_line) + "\n@DATA\n";
}

/// Pixel i of the row is (start + i) % 256.
std::string row(int start, const std::string& label) {
  std::string text;
  for (int i = 0; i < 3072; ++i) text += std::to_string((start + i) % 256) + ",";
  return text + label + "\n";
}

constexpr std::string_view kNominal = "@ATTRIBUTE class {0,1,2,3,4,5,6,7,8,9}";

std::string refusal(const std::string& text) {
  const TemporaryFolder folder;
  const auto path = folder.write("a.arff", text);
  try {
    read_arff(path);
  } catch (const core::Error& error) {
    EXPECT_EQ(error.code(), core::ExitCode::data);
    return "'FILE" + std::string(error.what()).substr(1 + path.string().size());
  }
  return "no error";
}

TEST(ReadArff, ReadsPixelsInOrderAndLabelsAsWritten) {
  const TemporaryFolder folder;
  const RawDigits digits = read_arff(folder.write("a.arff", header(kNominal) + row(0, "7") + row(100, "0")));
  EXPECT_EQ(digits.labels, (std::vector<std::int64_t>{7, 0}));
  ASSERT_EQ(digits.images.size(), 2U * 3072U);
  EXPECT_EQ(digits.images[0], 0);
  EXPECT_EQ(digits.images[3071], 3071 % 256);
  EXPECT_EQ(digits.images[3072], 100);
  EXPECT_EQ(digits.images[3072 + 200], 300 % 256);
}

TEST(ReadArff, NominalLabelsAreTheirNumbersInWhateverOrder) {
  const TemporaryFolder folder;
  const std::string text = header("@ATTRIBUTE label {10,'3',1}") + row(0, "3") + row(0, "10") + row(0, "1");
  EXPECT_EQ(read_arff(folder.write("a.arff", text)).labels, (std::vector<std::int64_t>{3, 10, 1}));
}

TEST(ReadArff, ClassMayBeNumericAndStandFirst) {
  const TemporaryFolder folder;
  std::string text = "@relation r\n@attribute Class numeric\n";
  for (int i = 0; i < 3072; ++i) text += "@attribute p numeric\n";
  text += "@data\n4";
  for (int i = 0; i < 3072; ++i) text.append(1, ',').append(std::to_string(i % 256));
  const RawDigits digits = read_arff(folder.write("a.arff", text));
  EXPECT_EQ(digits.labels, (std::vector<std::int64_t>{4}));
  EXPECT_EQ(digits.images[255], 255);
  EXPECT_EQ(digits.images[256], 0);
}

TEST(ReadArff, RefusesWhatAreNoDigits) {
  EXPECT_EQ(refusal(header(kNominal, 784)), "'FILE': 785 columns where digits have 3073");
  EXPECT_EQ(refusal(header(kNominal)), "'FILE': no row after @data");
  EXPECT_EQ(refusal(header("@ATTRIBUTE class {one,two}") + row(0, "one")),
            "'FILE': the class 'one' is no whole number");
}

TEST(ReadArff, RefusesPixelsOutOfRangeByLineAndColumn) {
  // One line for the relation, 3072 pixels, the class and @DATA: the first row is line 3076.
  const std::string good = row(0, "1");  // "0,1,2,…"
  EXPECT_EQ(refusal(header(kNominal) + good + "0,256" + good.substr(3)),
            "'FILE' line 3077: the pixel 256 in column 2 is not in 0..255");
  EXPECT_EQ(refusal(header(kNominal) + "-1" + good.substr(1)),
            "'FILE' line 3076: the pixel -1 in column 1 is not in 0..255");
}

TEST(ReadArff, SurvivesDamage) {
  const TemporaryFolder folder;
  const std::string sample = header(kNominal) + row(0, "7") + row(9, "0");
  const auto read = [&folder](std::string_view bytes) { read_arff(folder.write("a.arff", bytes)); };
  EXPECT_GT(test::read_truncated(sample, read).refused, 50);
  EXPECT_GT(test::read_flipped(sample, 2000, 2, sample.size(), read).refused, 1000);
}

TEST(ReadArff, ReadsTheSample) {
  const char* const shared = std::getenv("SVHN_SHARED");
  const std::filesystem::path folder = shared != nullptr ? shared : SVHN_SOURCE_DIR "/../shared";
  const auto sample = folder / "data" / "svhn_200.arff";
  if (!std::filesystem::exists(sample)) GTEST_SKIP() << "needs " << sample;
  const RawDigits digits = read_arff(sample);
  ASSERT_EQ(digits.labels.size(), 200U);
  // Sums from Python: rows = [[int(v) for v in line.split(',')] for line in the lines after @DATA].
  EXPECT_EQ(std::accumulate(digits.images.begin(), digits.images.end(), std::int64_t{0}), 70227445);
  EXPECT_EQ(std::accumulate(digits.labels.begin(), digits.labels.end(), std::int64_t{0}), 704);
}

}  // namespace
}  // namespace svhn::data
