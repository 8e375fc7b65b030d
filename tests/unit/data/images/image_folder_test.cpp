#include "data/images/image_folder.h"

#include <gtest/gtest.h>

#include <opencv2/imgcodecs.hpp>
#include <opencv2/imgproc.hpp>

#include "data/prepared.h"
#include "unit/hostile_bytes.h"

namespace svhn::data {
namespace {

using test::TemporaryFolder;

std::string encode(const std::string& extension, const cv::Mat& picture) {
  std::vector<unsigned char> bytes;
  cv::imencode(extension, picture, bytes);
  return {bytes.begin(), bytes.end()};
}

/// A picture of one colour, given as RGB.
cv::Mat plain(int red, int green, int blue, int width = 32, int height = 32) {
  return {height, width, CV_8UC3, cv::Scalar(blue, green, red)};
}

std::array<int, 3> pixel(const RawDigits& digits, std::size_t row, std::size_t y, std::size_t x) {
  const std::size_t at = row * 3072 + y * 96 + x * 3;
  return {digits.images.at(at), digits.images.at(at + 1), digits.images.at(at + 2)};
}

TEST(ReadImageFolder, GoesDigitByDigitAndNameByName) {
  const TemporaryFolder folder;
  folder.write("7/b.png", encode(".png", plain(3, 0, 0)));
  folder.write("7/a.png", encode(".png", plain(2, 0, 0)));
  folder.write("7/B.png", encode(".png", plain(1, 0, 0)));
  folder.write("0/z.png", encode(".png", plain(0, 9, 8)));
  folder.write("7/.hidden", "x");
  folder.write("notes.txt", "x");
  folder.write("10/a.png", "x");
  const RawDigits digits = read_image_folder(folder.path(), true);
  EXPECT_EQ(digits.labels, (std::vector<std::int64_t>{0, 7, 7, 7}));
  EXPECT_EQ(pixel(digits, 0, 0, 0), (std::array<int, 3>{0, 9, 8}));
  for (int i = 1; i <= 3; ++i) EXPECT_EQ(pixel(digits, static_cast<std::size_t>(i), 31, 31)[0], i);
  EXPECT_EQ(list_image_folder(folder.path()),
            (std::vector<std::string>{"0/z.png", "7/B.png", "7/a.png", "7/b.png"}));
}

TEST(ReadImageFolder, DoesNotDependOnThreads) {
  const TemporaryFolder folder;
  for (int i = 0; i < 40; ++i) {
    cv::Mat picture(20 + i, 60 - i, CV_8UC3);
    cv::RNG(static_cast<std::uint64_t>(i)).fill(picture, cv::RNG::UNIFORM, 0, 256);
    folder.write(std::to_string(i % 10) + "/" + std::to_string(i) + ".png", encode(".png", picture));
  }
  EXPECT_EQ(read_image_folder(folder.path(), true, 1).images,
            read_image_folder(folder.path(), true, 4).images);
}

TEST(ReadImageFolder, ExpandsGreyDropsAlphaAndScalesSixteenBits) {
  const TemporaryFolder folder;
  folder.write("1/grey.png", encode(".png", cv::Mat(32, 32, CV_8UC1, cv::Scalar(77))));
  folder.write("2/alpha.png", encode(".png", cv::Mat(32, 32, CV_8UC4, cv::Scalar(30, 20, 10, 128))));
  folder.write("3/deep.png",
               encode(".png", cv::Mat(32, 32, CV_16UC3, cv::Scalar(65535, 257 * 200, 257 * 50))));
  const RawDigits digits = read_image_folder(folder.path(), true);
  EXPECT_EQ(pixel(digits, 0, 5, 5), (std::array<int, 3>{77, 77, 77}));
  EXPECT_EQ(pixel(digits, 1, 5, 5), (std::array<int, 3>{10, 20, 30}));
  EXPECT_EQ(pixel(digits, 2, 5, 5), (std::array<int, 3>{50, 200, 255}));
}

TEST(ReadImageFolder, ShrinksByArea) {
  const TemporaryFolder folder;
  cv::Mat checks(64, 64, CV_8UC3);
  for (int y = 0; y < 64; ++y) {
    for (int x = 0; x < 64; ++x)
      checks.at<cv::Vec3b>(y, x) = (x + y) % 2 == 0 ? cv::Vec3b(0, 0, 0) : cv::Vec3b(200, 100, 60);
  }
  folder.write("4/checks.png", encode(".png", checks));
  const RawDigits digits = read_image_folder(folder.path(), true);
  // Every output pixel covers two black and two coloured ones.
  for (std::size_t i = 0; i < 32; ++i)
    EXPECT_EQ(pixel(digits, 0, i, 31 - i), (std::array<int, 3>{30, 50, 100}));
}

TEST(ReadImageFolder, ReadsEveryKindAndSize) {
  const TemporaryFolder folder;
  int count = 0;
  for (const std::string kind : {".png", ".jpg", ".bmp", ".webp", ".tiff", ".jp2", ".ppm", ".ras", ".hdr"}) {
    if (!cv::haveImageWriter("a" + kind)) continue;
    for (const auto& [width, height] : {std::pair{32, 32}, {40, 90}, {100, 40}, {7, 1}}) {
      if (kind == ".jp2" && height == 1) continue;  // Its encoder wants more pixels than that.
      cv::Mat picture = plain(200, 100, 50, width, height);
      if (kind == ".hdr") picture.convertTo(picture, CV_32F, 1.0 / 255.0);
      folder.write("5/" + std::to_string(100 + count++) + kind, encode(kind, picture));
    }
  }
  const RawDigits digits = read_image_folder(folder.path(), true);
  ASSERT_EQ(digits.labels.size(), static_cast<std::size_t>(count));
  for (std::size_t row = 0; row < digits.labels.size(); ++row) {
    const auto found = pixel(digits, row, 16, 16);
    EXPECT_NEAR(found[0], 200, 4) << row;
    EXPECT_NEAR(found[1], 100, 4) << row;
    EXPECT_NEAR(found[2], 50, 4) << row;
  }
}

TEST(ReadImageFolder, ListsUnreadableFilesAndKeepsTheOthersInOrder) {
  const TemporaryFolder folder;
  folder.write("1/a.png", "no picture");
  folder.write("1/b.png", encode(".png", plain(1, 2, 3)));
  const std::string good = encode(".png", plain(1, 2, 3));
  folder.write("2/cut.png", good.substr(0, good.size() / 2));
  folder.write("2/empty.png", "");
  folder.write("3/c.png", encode(".png", plain(4, 5, 6)));
  const RawDigits digits = read_image_folder(folder.path(), false);
  EXPECT_EQ(digits.labels, (std::vector<std::int64_t>{1, 3}));
  ASSERT_EQ(digits.images.size(), 2U * 3072U);
  EXPECT_EQ(pixel(digits, 1, 0, 0), (std::array<int, 3>{4, 5, 6}));
  EXPECT_EQ(digits.unreadable,
            (std::vector<std::string>{"1/a.png: no picture of a known kind, or one that was cut short",
                                      "2/cut.png: its decoder refuses it",
                                      "2/empty.png: no picture of a known kind, or one that was cut short"}));
}

std::string refusal(const std::filesystem::path& folder, bool strict) {
  try {
    read_image_folder(folder, strict);
  } catch (const core::Error& error) {
    EXPECT_EQ(error.code(), core::ExitCode::data);
    EXPECT_FALSE(error.hint().empty());
    return "'FOLDER" + std::string(error.what()).substr(1 + folder.string().size());
  }
  return "no error";
}

TEST(ReadImageFolder, StrictRefusesTheFirstUnreadableFile) {
  const TemporaryFolder folder;
  folder.write("1/b.png", encode(".png", plain(1, 2, 3)));
  folder.write("2/bad.png", "no picture");
  EXPECT_EQ(refusal(folder.path(), true),
            "'FOLDER' holds an unreadable picture: 2/bad.png: no picture of a known kind, or one that was "
            "cut short");
}

TEST(ReadImageFolder, RefusesFoldersWithoutDigits) {
  const TemporaryFolder folder;
  EXPECT_EQ(refusal(folder.path(), false), "'FOLDER' has none of the folders 0 to 9");
  std::filesystem::create_directory(folder.path() / "3");
  EXPECT_EQ(refusal(folder.path(), false), "'FOLDER' holds no readable picture");
}

TEST(ReadImageFolder, RefusesHugePicturesBeforeDecodingThem) {
  const TemporaryFolder folder;
  std::string huge = encode(".png", plain(1, 2, 3));
  // Width and height stand at bytes 16 and 20, most significant byte first.
  for (const std::size_t at : {16U, 20U}) huge.replace(at, 4, std::string("\x00\x00\x80\x00", 4));
  folder.write("1/huge.png", huge);
  EXPECT_EQ(refusal(folder.path(), false),
            "'FOLDER' holds no readable picture: 1/huge.png: 32768x32768 pixels, more than the 16 million "
            "that a digit "
            "may have");
}

TEST(ReadImageFolder, SurvivesDamage) {
  for (const std::string kind : {".png", ".jpg", ".bmp", ".ppm"}) {
    const TemporaryFolder folder;
    const std::string sample = encode(kind, plain(200, 100, 50, 40, 40));
    const auto read = [&](std::string_view bytes) {
      folder.write("6/a" + kind, bytes);
      read_image_folder(folder.path(), false, 1);
    };
    testing::internal::CaptureStderr();  // The decoders' own libraries report damage there.
    EXPECT_GT(test::read_truncated(sample, read).refused, kind == ".jpg" ? 63 : 1) << kind;
    const test::Outcome flips = test::read_flipped(sample, 500, 6, sample.size(), read);
    testing::internal::GetCapturedStderr();
    EXPECT_EQ(flips.read + flips.refused, 500) << kind;
  }
}

}  // namespace
}  // namespace svhn::data
