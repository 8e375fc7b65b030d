#include "report/images/preview.h"

#include <gtest/gtest.h>

#include <opencv2/imgcodecs.hpp>
#include <opencv2/imgproc.hpp>
#include <set>

#include "core/error.h"
#include "unit/hostile_bytes.h"

namespace svhn::report {
namespace {

using test::TemporaryFolder;

/// Pictures of one grey each, and labels.
std::pair<std::vector<std::uint8_t>, std::vector<std::uint8_t>> shades(std::size_t count) {
  std::vector<std::uint8_t> images, labels;
  for (std::size_t i = 0; i < count; ++i) {
    images.insert(images.end(), 3072, static_cast<std::uint8_t>(i * 4));
    labels.push_back(static_cast<std::uint8_t>(i % 10));
  }
  return {images, labels};
}

TEST(SampleRows, AreDifferentAndInRange) {
  const auto rows = sample_rows(50, 30, 4);
  EXPECT_EQ(std::set<std::int64_t>(rows.begin(), rows.end()).size(), 30U);
  for (const std::int64_t row : rows) EXPECT_TRUE(row >= 0 && row < 50);
  EXPECT_EQ(sample_rows(5, 30, 4).size(), 5U);
  EXPECT_TRUE(sample_rows(0, 30, 4).empty());
  EXPECT_NE(sample_rows(50, 30, 5), rows);
}

TEST(WritePreview, ShowsPicturesInTheirColours) {
  const TemporaryFolder folder;
  std::vector<std::uint8_t> images(3072, 0);
  for (std::size_t i = 0; i < images.size(); i += 3) images[i] = 250;
  write_preview(folder.path() / "p.png", images, std::vector<std::uint8_t>{2}, {.columns = 1, .rows = 1});
  const cv::Mat sheet = cv::imread((folder.path() / "p.png").string());
  cv::Mat red;
  cv::inRange(sheet, cv::Vec3b(0, 0, 250), cv::Vec3b(0, 0, 250), red);  // Blue, green, red.
  EXPECT_EQ(cv::countNonZero(red), 64 * 64);
  EXPECT_EQ(cv::boundingRect(red).size(), cv::Size(64, 64));
}

TEST(WritePreview, SameSeedSameBytes) {
  const TemporaryFolder folder;
  const auto made = shades(60);
  const auto bytes = [&](std::uint64_t seed, const std::string& title) {
    write_preview(folder.path() / "p.png", made.first, made.second,
                  {.columns = 5, .rows = 4, .seed = seed, .title = title});
    return test::read_bytes(folder.path() / "p.png");
  };
  const std::string first = bytes(1, "synthetic digits");
  EXPECT_EQ(bytes(1, "synthetic digits"), first);
  EXPECT_NE(bytes(2, "synthetic digits"), first);
  EXPECT_NE(bytes(1, ""), first);
}

TEST(WritePreview, CaptionsTellTheDigit) {
  // The same picture with another label differs beneath the picture and nowhere else.
  const TemporaryFolder folder;
  const std::vector<std::uint8_t> images(3072, 90);
  const auto sheet = [&](std::uint8_t label) {
    write_preview(folder.path() / "p.png", images, std::vector<std::uint8_t>{label},
                  {.columns = 1, .rows = 1});
    return cv::imread((folder.path() / "p.png").string());
  };
  const cv::Mat difference = sheet(0) != sheet(6);
  constexpr int kPictureEnd = 16 + 64;
  EXPECT_EQ(cv::countNonZero(difference.rowRange(0, kPictureEnd).reshape(1)), 0);
  EXPECT_GT(cv::countNonZero(difference.rowRange(kPictureEnd, difference.rows).reshape(1)), 0);
}

TEST(WritePreview, RefusesGridsOutOfRangeAndFoldersThatCannotBeWritten) {
  const std::vector<std::uint8_t> images(3072, 90);
  const std::vector<std::uint8_t> labels{1};
  const TemporaryFolder folder;
  EXPECT_THROW(write_preview(folder.path() / "p.png", images, labels, {.columns = 0}), core::Error);
  EXPECT_THROW(write_preview(folder.path() / "p.png", images, labels, {.rows = 101}), core::Error);
  EXPECT_THROW(write_preview(folder.path(), images, labels), core::Error);
  EXPECT_TRUE(std::filesystem::is_empty(folder.path()));
}

}  // namespace
}  // namespace svhn::report
