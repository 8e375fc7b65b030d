#include "data/images/image_folder.h"

#include <gtest/gtest.h>

#include <opencv2/imgcodecs.hpp>
#include <opencv2/imgproc.hpp>

#include "data/digest.h"
#include "data/prepared.h"
#include "unit/data/images/picture_files.h"
#include "unit/hostile_bytes.h"

namespace svhn::data {
namespace {

using test::encode;
using test::plain;
using test::TemporaryFolder;
using Lines = std::vector<std::string>;

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
  const RawDigits digits = read_image_folder(folder.path(), true);
  EXPECT_EQ(digits.labels, (std::vector<std::int64_t>{0, 7, 7, 7}));
  EXPECT_EQ(pixel(digits, 0, 0, 0), (std::array<int, 3>{0, 9, 8}));
  for (int i = 1; i <= 3; ++i) EXPECT_EQ(pixel(digits, static_cast<std::size_t>(i), 31, 31)[0], i);
  EXPECT_TRUE(digits.notes.empty() && digits.origins.empty() && !digits.rule);
  // What sha256sum prints for 0/z.png, 7/B.png, 7/a.png and 7/b.png.
  std::string listing;
  for (const char* name : {"0/z.png", "7/B.png", "7/a.png", "7/b.png"}) {
    listing += sha256_of_file(folder.path() / name) + "  " + name + "\n";
  }
  EXPECT_EQ(digits.sha256, sha256_of_bytes(std::as_bytes(std::span(listing))));
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

TEST(ReadImageFolder, ExpandsGreyAndScalesSixteenBits) {
  const TemporaryFolder folder;
  folder.write("1/grey.png", encode(".png", cv::Mat(32, 32, CV_8UC1, cv::Scalar(77))));
  folder.write("2/alpha.png", encode(".png", cv::Mat(32, 32, CV_8UC4, cv::Scalar(30, 20, 10, 255))));
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
  std::filesystem::create_symlink("/nowhere", folder.path() / "3" / "broken.png");
  const RawDigits digits = read_image_folder(folder.path(), false);
  EXPECT_EQ(digits.labels, (std::vector<std::int64_t>{1, 3}));
  ASSERT_EQ(digits.images.size(), 2U * 3072U);
  EXPECT_EQ(pixel(digits, 1, 0, 0), (std::array<int, 3>{4, 5, 6}));
  const std::string cut = "no picture of a known kind, or one that was cut short";
  EXPECT_EQ(digits.unreadable,
            (Lines{"1/a.png: " + cut, "2/cut.png: " + cut, "2/empty.png: " + cut,
                   "3/broken.png: cannot read '" + (folder.path() / "3/broken.png").string() +
                       "': No such file or directory"}));
}

TEST(ReadImageFolder, UnderstandsNamesOfDigitsAndNestedFolders) {
  const TemporaryFolder folder;
  for (const char* name :
       {"digit_3/a.png", "five/b.png", "Class7/deep/er/c.png", "more/02/d.png", "0/0/e.png"}) {
    folder.write(name, encode(".png", plain(1, 2, 3)));
  }
  const RawDigits digits = read_image_folder(folder.path(), true);
  EXPECT_EQ(digits.labels, (std::vector<std::int64_t>{0, 2, 3, 5, 7}));
  EXPECT_TRUE(digits.notes.empty());
}

TEST(ReadImageFolder, TakesTenForZeroWhereNothingIsNamedZero) {
  const TemporaryFolder folder;
  folder.write("10/a.png", encode(".png", plain(10, 0, 0)));
  folder.write("1/b.png", encode(".png", plain(1, 0, 0)));
  std::filesystem::create_directory(folder.path() / "0");  // Empty.
  const RawDigits digits = read_image_folder(folder.path(), true);
  EXPECT_EQ(digits.labels, (std::vector<std::int64_t>{10, 1}));
  EXPECT_EQ(digits.rule, LabelRule::svhn);
  EXPECT_EQ(digits.notes,
            (Lines{"10 is read as the digit 0, as in Stanford's labels, since nothing is named 0"}));
}

TEST(ReadImageFolder, LeavesTenOutBesideZero) {
  const TemporaryFolder folder;
  for (const char* name : {"0/a.png", "1/b.png", "10/c.png", "10/d.png"}) {
    folder.write(name, encode(".png", plain(1, 2, 3)));
  }
  const RawDigits digits = read_image_folder(folder.path(), true);
  EXPECT_EQ(digits.labels, (std::vector<std::int64_t>{0, 1}));
  EXPECT_EQ(digits.rule, std::nullopt);
  EXPECT_EQ(digits.left_out, 2);
  EXPECT_EQ(digits.notes,
            (Lines{"left out 2 files (c.png, d.png) in '10': beside a folder 0, 10 is no digit"}));
}

TEST(ReadImageFolder, TellsWhatItLeavesOut) {
  const TemporaryFolder folder;
  const std::string good = encode(".png", plain(1, 2, 3));
  for (const char* name : {"1/a.png", "1/.hidden", "1/2/b.png", "misc/c.png", "misc/d.png", "notes.txt"}) {
    folder.write(name, good);
  }
  std::filesystem::create_directory_symlink("1", folder.path() / "3");
  const RawDigits digits = read_image_folder(folder.path(), true);
  EXPECT_EQ(digits.labels, (std::vector<std::int64_t>{1}));
  EXPECT_EQ(digits.left_out, 4);
  EXPECT_EQ(digits.notes,
            (Lines{"left out 1 file (notes.txt): in no folder that is named for a digit",
                   "left out 1 file (b.png) in '1/2': in folders that are named for two digits",
                   "left out 2 files (c.png, d.png) in 'misc': in no folder that is named for a digit",
                   "left out 1 hidden file (1/.hidden)",
                   "left out 1 folder (3), read already under another path"}));
}

TEST(ReadImageFolder, ReadsSplitsAboveAndBelowTheDigits) {
  const TemporaryFolder folder;
  for (const char* name : {"train/1/a.png", "extra/1/b.png", "valid/1/c.png", "2/test/d.png", "2/e.png"}) {
    folder.write(name, encode(".png", plain(1, 2, 3)));
  }
  folder.write("train/test/1/f.png", encode(".png", plain(1, 2, 3)));
  const RawDigits digits = read_image_folder(folder.path(), true);
  EXPECT_EQ(digits.labels, (std::vector<std::int64_t>{1, 1, 1, 2, 2}));
  EXPECT_EQ(digits.origins,
            (std::vector<Origin>{Origin::extra, Origin::train, Origin::val, Origin::train, Origin::test}));
  EXPECT_EQ(digits.notes,
            (Lines{"left out 1 file (f.png) in 'train/test/1': in folders that are named for two splits",
                   "beside the folders of the splits lie 1 picture (2/e.png): training data"}));
}

TEST(ReadImageFolder, TakesItsOwnNameForASplitWhereNoneIsInside) {
  const TemporaryFolder folder;
  folder.write("test/1/a.png", encode(".png", plain(1, 2, 3)));
  EXPECT_EQ(read_image_folder(folder.path() / "test", true).origins, (std::vector<Origin>{Origin::test}));
  folder.write("test/train/1/a.png", encode(".png", plain(1, 2, 3)));
  EXPECT_EQ(read_image_folder(folder.path() / "test/", true).origins,
            (std::vector<Origin>{Origin::test, Origin::train}));
}

TEST(ReadImageFolder, TellsOfTransparentPictures) {
  const TemporaryFolder folder;
  cv::Mat dark(32, 32, CV_8UC4, cv::Scalar(0, 0, 0, 0));
  dark.colRange(0, 16).setTo(cv::Scalar(0, 0, 0, 255));
  folder.write("1/a.png", encode(".png", dark));
  folder.write("1/b.png", encode(".png", dark));
  const RawDigits digits = read_image_folder(folder.path(), true);
  EXPECT_EQ(pixel(digits, 0, 5, 5)[0], 0);
  EXPECT_EQ(pixel(digits, 0, 5, 25)[0], 255);
  EXPECT_EQ(digits.notes, (Lines{"2 pictures (1/a.png, 1/b.png): transparent parts are laid on white"}));
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
  EXPECT_EQ(refusal(folder.path() / "none", false), "'FOLDER' cannot be listed: No such file or directory");
}

TEST(ReadImageFolder, SurvivesDamage) {
  for (const std::string kind : {".png", ".jpg", ".bmp", ".ppm"}) {
    const TemporaryFolder folder;
    const std::string sample = encode(kind, plain(200, 100, 50, 40, 40));
    const auto read = [&](std::string_view bytes) {
      folder.write("6/a" + kind, bytes);
      read_image_folder(folder.path(), false, 1);
    };
    testing::internal::CaptureStderr();
    const int whole = kind == ".jpg" || kind == ".png" ? 63 : 1;  // These tell their end.
    EXPECT_GT(test::read_truncated(sample, read).refused, whole) << kind;
    const test::Outcome flips = test::read_flipped(sample, 500, 6, sample.size(), read);
    EXPECT_EQ(testing::internal::GetCapturedStderr(), "") << kind;
    EXPECT_EQ(flips.read + flips.refused, 500) << kind;
  }
}

}  // namespace
}  // namespace svhn::data
