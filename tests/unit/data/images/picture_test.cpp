#include "data/images/picture.h"

#include <gtest/gtest.h>

#include <array>
#include <opencv2/imgproc.hpp>
#include <utility>

#include "unit/data/images/picture_files.h"
#include "unit/hostile_bytes.h"

namespace svhn::data {
namespace {

using namespace std::string_view_literals;
using test::encode;
using test::noise;
using test::plain;
using test::with_chunk;

/// A picture as it was read.
struct Read {
  PictureResult result{};
  std::array<std::uint8_t, 3072> pixels{};

  [[nodiscard]] std::array<int, 3> at(std::size_t y, std::size_t x) const {
    const std::size_t place = y * 96 + x * 3;
    return {pixels.at(place), pixels.at(place + 1), pixels.at(place + 2)};
  }
};

/// Reads bytes, and expects that nothing is written on stderr.
Read read_quietly(const std::string& bytes) {
  Read read;
  testing::internal::CaptureStderr();
  {
    const PictureReader reader;
    read.result = reader.read(std::as_bytes(std::span(bytes)), read.pixels);
  }
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "");
  return read;
}

/// The left half has this colour (blue, green, red) and opacity, the right half is fully transparent.
cv::Mat half_transparent(const cv::Vec3b& colour, int opacity, int hidden = 0) {
  cv::Mat picture(32, 32, CV_8UC4, cv::Scalar(hidden, hidden, hidden, 0));
  picture.colRange(0, 16).setTo(cv::Scalar(colour[0], colour[1], colour[2], opacity));
  return picture;
}

TEST(PictureReader, LaysDarkPixelsOnWhiteAndBrightOnesOnBlack) {
  const Read dark = read_quietly(encode(".png", half_transparent({0, 0, 0}, 255)));
  EXPECT_EQ(dark.result.ground, Ground::white);
  EXPECT_EQ(dark.at(5, 5), (std::array<int, 3>{0, 0, 0}));
  EXPECT_EQ(dark.at(5, 25), (std::array<int, 3>{255, 255, 255}));
  const Read bright = read_quietly(encode(".png", half_transparent({200, 210, 220}, 255, 255)));
  EXPECT_EQ(bright.result.ground, Ground::black);
  EXPECT_EQ(bright.at(5, 5), (std::array<int, 3>{220, 210, 200}));
  EXPECT_EQ(bright.at(5, 25), (std::array<int, 3>{0, 0, 0}));
}

TEST(PictureReader, MixesColoursByTheirOpacity) {
  const Read read = read_quietly(encode(".png", half_transparent({30, 20, 10}, 128)));
  EXPECT_EQ(read.result.ground, Ground::white);
  // 10 * 128/255 + 255 * 127/255 = 132.02, and 137.04 and 142.06 for 20 and 30.
  EXPECT_EQ(read.at(5, 5), (std::array<int, 3>{132, 137, 142}));
  cv::Mat deep;
  half_transparent({30, 20, 10}, 128).convertTo(deep, CV_16U, 257.0);
  EXPECT_EQ(read_quietly(encode(".png", deep)).pixels, read.pixels);
}

TEST(PictureReader, TakesOpaquePicturesAsTheyAre) {
  const Read read = read_quietly(encode(".png", cv::Mat(32, 32, CV_8UC4, cv::Scalar(30, 20, 10, 255))));
  EXPECT_EQ(read.result.ground, Ground::none);
  EXPECT_EQ(read.at(5, 5), (std::array<int, 3>{10, 20, 30}));
}

TEST(PictureReader, TakesTheColoursOfPicturesWithoutAnyOpacity) {
  const Read read = read_quietly(encode(".png", cv::Mat(32, 32, CV_8UC4, cv::Scalar(30, 20, 10, 0))));
  EXPECT_EQ(read.result.ground, Ground::hidden);
  EXPECT_EQ(read.at(5, 5), (std::array<int, 3>{10, 20, 30}));
}

TEST(PictureReader, KnowsTheTransparentColourOfAPng) {
  cv::Mat picture = plain(9, 8, 7);
  picture.colRange(16, 32).setTo(cv::Scalar(3, 2, 1));
  const Read colour = read_quietly(with_chunk(encode(".png", picture), "tRNS", "\0\1\0\2\0\3"sv));
  EXPECT_EQ(colour.at(5, 5), (std::array<int, 3>{9, 8, 7}));
  EXPECT_EQ(colour.at(5, 25), (std::array<int, 3>{255, 255, 255}));

  cv::Mat grey(32, 32, CV_8UC1, cv::Scalar(0));
  grey.colRange(16, 32).setTo(cv::Scalar(40));
  const Read read = read_quietly(with_chunk(encode(".png", grey), "tRNS", "\0\x28"sv));
  EXPECT_EQ(read.result.ground, Ground::white);
  EXPECT_EQ(read.at(5, 5), (std::array<int, 3>{0, 0, 0}));
  EXPECT_EQ(read.at(5, 25), (std::array<int, 3>{255, 255, 255}));
  grey.convertTo(grey, CV_16U, 257.0);
  const Read deep = read_quietly(with_chunk(encode(".png", grey), "tRNS", "\x28\x28"sv));
  EXPECT_EQ(deep.pixels, read.pixels);
}

/// Opaque, but with a channel for the opacity: the same pixels as without it.
TEST(PictureReader, LeavesOpaquePicturesAsTheyAre) {
  const cv::Mat picture = noise(70, 50);
  cv::Mat with_channel;
  cv::cvtColor(picture, with_channel, cv::COLOR_BGR2BGRA);
  for (const std::string kind : {".png", ".webp", ".tiff"}) {
    if (!cv::haveImageWriter("a" + kind)) continue;
    const std::vector<int> lossless{cv::IMWRITE_WEBP_QUALITY, 101};
    const Read read = read_quietly(encode(kind, with_channel, lossless));
    EXPECT_EQ(read.result.ground, Ground::none) << kind;
    EXPECT_EQ(read.pixels, read_quietly(encode(".png", picture)).pixels) << kind;
  }
}

/// A TIFF of 4 x 4 pixels, row after row. @param sample values of a pixel, by column.
std::string tiff(std::uint8_t photometric, char extra, const std::vector<std::string>& columns) {
  const auto samples = static_cast<char>(columns.front().size());
  std::string pixels;
  for (int y = 0; y < 4; ++y) {
    for (const std::string& pixel : columns) pixels += pixel;
  }
  const auto entry = [](char tag_low, char tag_high, char value) {
    return std::string{tag_low, tag_high, 3, 0, 1, 0, 0, 0, value, 0, 0, 0};
  };
  // Width, height, bits (one value for all samples), compression, photometric, offset, samples, rows, bytes,
  // extra.
  const std::string entries = entry(0, 1, 4) + entry(1, 1, 4) + entry(2, 1, 8) + entry(3, 1, 1) +
                              entry(6, 1, static_cast<char>(photometric)) + entry(17, 1, 8) +
                              entry(21, 1, samples) + entry(22, 1, 4) +
                              entry(23, 1, static_cast<char>(16 * samples)) + entry(82, 1, extra);
  const auto directory = static_cast<char>(8 + pixels.size());
  return "II*" + std::string{'\0', directory, '\0', '\0', '\0'} + pixels + std::string{10, 0} + entries +
         std::string(4, '\0');
}

TEST(PictureReader, KnowsWhetherTiffsAreMultiplied) {
  // Half opaque white, half transparent: 128 after multiplication, 255 before. On black it is 128 in either
  // case.
  const std::string clear{0, 0, 0, 0};
  for (const auto& [extra, colour] : {std::pair{1, '\x80'}, {2, '\xFF'}}) {
    const std::string half{colour, colour, colour, '\x80'};
    const Read read = read_quietly(tiff(2, static_cast<char>(extra), {half, half, clear, clear}));
    EXPECT_EQ(read.result.problem, "");
    EXPECT_EQ(read.result.ground, Ground::black);
    EXPECT_EQ(read.at(16, 1), (std::array<int, 3>{128, 128, 128})) << extra;
  }
}

TEST(PictureReader, TellsOfOpacityThatIsNotRead) {
  const Read shaped = read_quietly(tiff(1, 2, {{9, '\xFF'}, {9, '\xFF'}, {99, '\xFF'}, {99, '\xFF'}}));
  EXPECT_EQ(shaped.result.problem, "");
  EXPECT_EQ(shaped.result.ground, Ground::unknown);
  EXPECT_EQ(shaped.at(16, 1), (std::array<int, 3>{9, 9, 9}));
  const Read plain_black = read_quietly(tiff(1, 2, {{0, '\xFF'}, {0, '\xFF'}, {0, 0}, {0, 0}}));
  EXPECT_EQ(plain_black.result.problem, "one plain colour, whose transparency its decoder does not read");
}

TEST(PictureReader, LaysTransparentPicturesOfOtherKinds) {
  for (const std::string kind : {".webp", ".tiff"}) {
    if (!cv::haveImageWriter("a" + kind)) continue;
    const Read read =
        read_quietly(encode(kind, half_transparent({0, 0, 0}, 255), {cv::IMWRITE_WEBP_QUALITY, 101}));
    EXPECT_EQ(read.result.ground, Ground::white) << kind;
    EXPECT_EQ(read.at(5, 5), (std::array<int, 3>{0, 0, 0})) << kind;
    EXPECT_EQ(read.at(5, 25), (std::array<int, 3>{255, 255, 255})) << kind;
  }
}

TEST(PictureReader, TurnsTransparentPicturesLikeOpaqueOnes) {
  cv::Mat picture(32, 32, CV_8UC4, cv::Scalar(0, 0, 0, 255));
  picture(cv::Rect(0, 0, 16, 8)).setTo(cv::Scalar(90, 90, 90, 255));
  cv::Mat transparent = picture.clone();
  transparent(cv::Rect(0, 31, 1, 1)).setTo(cv::Scalar(0, 0, 0, 254));  // 0.004 of white, too little to see.
  for (int orientation = 1; orientation <= 8; ++orientation) {
    // TIFF's header, then one entry: tag 274, type 3, one value.
    std::string exif("II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0?\0\0\0\0\0\0\0"sv);
    exif.replace(exif.find('?'), 1, 1, static_cast<char>(orientation));
    const Read opaque = read_quietly(with_chunk(encode(".png", picture), "eXIf", exif));
    const Read laid = read_quietly(with_chunk(encode(".png", transparent), "eXIf", exif));
    EXPECT_EQ(laid.result.ground, Ground::white);
    int different = 0;
    for (std::size_t i = 0; i < 3072; ++i)
      different += std::abs(laid.pixels[i] - opaque.pixels[i]) > 1 ? 1 : 0;
    EXPECT_EQ(different, 0) << orientation;
  }
}

TEST(PictureReader, RefusesJpegsWhoseEndWasLost) {
  for (const std::vector<int>& parameters :
       {std::vector<int>{}, {cv::IMWRITE_JPEG_PROGRESSIVE, 1}, {cv::IMWRITE_JPEG_RST_INTERVAL, 4}}) {
    const std::string whole = encode(".jpg", noise(64, 48), parameters);
    EXPECT_EQ(read_quietly(whole).result.problem, "");
    for (std::size_t part = 2; part < 8; ++part) {
      const std::string half = whole.substr(0, whole.size() * part / 8);
      EXPECT_NE(read_quietly(half).result.problem, "") << part;
      EXPECT_NE(read_quietly(half + "\xFF\xD9").result.problem, "") << part;
    }
  }
  const std::string whole = encode(".jpg", noise(64, 48));
  EXPECT_EQ(read_quietly(whole.substr(0, whole.size() / 2) + "\xFF\xD9").result.problem,
            "decoded in part only: Corrupt JPEG data: premature end of data segment");
  // A thumbnail in a segment behind the frame has an end marker, too.
  const std::size_t scan = whole.find("\xFF\xDA");
  std::string thumbnail = whole;
  thumbnail.insert(scan, "\xFF\xE1\0\x06\xFF\xD8\xFF\xD9"sv);
  EXPECT_EQ(read_quietly(thumbnail).result.problem, "");
  EXPECT_EQ(read_quietly(thumbnail.substr(0, thumbnail.size() / 2)).result.problem,
            "no picture of a known kind, or one that was cut short");
}

TEST(PictureReader, RefusesPngsWhoseEndWasLost) {
  const std::string whole = encode(".png", noise(64, 48));
  const std::string end = test::chunk("IEND", "");
  for (std::size_t part = 1; part < 8; ++part) {
    const std::string half = whole.substr(0, whole.size() * part / 8);
    EXPECT_EQ(read_quietly(half).result.problem, "no picture of a known kind, or one that was cut short");
    EXPECT_NE(read_quietly(half + end).result.problem, "") << part;
  }
  EXPECT_EQ(read_quietly(whole.substr(0, whole.size() - end.size())).result.problem,
            "no picture of a known kind, or one that was cut short");
}

TEST(PictureReader, RefusesTiffsOfWhichAStripWasLost) {
  // deflate, which notices; libtiff reports it only as a warning, and OpenCV drops that.
  std::string damaged = encode(".tiff", noise(64, 48), {cv::IMWRITE_TIFF_COMPRESSION, 8});
  EXPECT_EQ(read_quietly(damaged).result.problem, "");
  damaged.replace(damaged.size() / 2, 16, 16, '\xFF');
  const std::string problem = read_quietly(damaged).result.problem;
  EXPECT_EQ(problem.substr(0, 22), "decoded in part only: ") << problem;
}

TEST(PictureReader, TellsWhatADecoderRemarks) {
  // A profile that is no profile: its name, a zero, the method, and no compressed data.
  const std::string odd = with_chunk(encode(".png", plain(1, 2, 3)), "iCCP", "x\0\0junk"sv);
  const Read read = read_quietly(odd);
  EXPECT_EQ(read.result.problem, "");
  EXPECT_EQ(read.at(5, 5), (std::array<int, 3>{1, 2, 3}));
  EXPECT_EQ(read.result.remark.substr(0, 39), "its decoder says: libpng warning: iCCP:")
      << read.result.remark;
}

TEST(PictureReader, TellsOfPagesThatItDoesNotRead) {
  if (!cv::haveImageWriter("a.tiff")) GTEST_SKIP() << "OpenCV without TIFF";
  const test::TemporaryFolder folder;
  const auto file = folder.path() / "a.tiff";
  cv::imwrite(file.string(), std::vector<cv::Mat>{plain(1, 2, 3), plain(4, 5, 6)});
  const Read read = read_quietly(test::read_bytes(file));
  EXPECT_EQ(read.at(5, 5), (std::array<int, 3>{1, 2, 3}));
  EXPECT_EQ(read.result.remark, "only the first of its pages is read");
  EXPECT_EQ(read_quietly(encode(".tiff", plain(1, 2, 3))).result.remark, "");
}

TEST(PictureReader, ReadsLargePictures) {
  // 4200 x 4100 is above 2^24 pixels; the left half is dark.
  cv::Mat large(4100, 4200, CV_8UC3, cv::Scalar(200, 180, 160));
  large.colRange(0, 2100).setTo(cv::Scalar(10, 20, 30));
  for (const std::string kind : {".jpg", ".png", ".ppm"}) {
    const Read read = read_quietly(encode(kind, large));
    EXPECT_EQ(read.result.problem, "") << kind;
    const auto left = read.at(16, 8);
    const auto right = read.at(16, 24);
    for (std::size_t c = 0; c < 3; ++c) {
      EXPECT_NEAR(left[c], (std::array{30, 20, 10})[c], 3) << kind;
      EXPECT_NEAR(right[c], (std::array{160, 180, 200})[c], 3) << kind;
    }
  }
}

/// A PNG whose header claims this size.
std::string claiming(std::uint32_t width, std::uint32_t height) {
  const std::string head = std::string("\x08\x02\0\0\0"sv);  // 8 bits, RGB.
  return std::string("\x89PNG\r\n\x1A\n"sv) +
         test::chunk("IHDR", test::big_endian(width) + test::big_endian(height) + head) +
         test::chunk("IDAT", "x") + test::chunk("IEND", "");
}

TEST(PictureReader, RefusesDecompressionBombs) {
  // 3 * 14000^2 bytes are 561 MiB.
  EXPECT_EQ(read_quietly(claiming(14'000, 14'000)).result.problem,
            "14000x14000 pixels, more than the 512 MiB that a decoded picture may have");
  for (const auto& [width, height] : {std::pair{32'768U, 32'768U}, {2'000'000'000U, 1U}}) {
    EXPECT_EQ(read_quietly(claiming(width, height)).result.problem,
              std::to_string(width) + "x" + std::to_string(height) +
                  " pixels, more than the 268 million that a picture may have");
  }
  // A JPEG of 65500 x 65500 pixels without any of them.
  std::string jpeg = encode(".jpg", plain(1, 2, 3));
  const std::size_t frame = jpeg.find("\xFF\xC0");
  jpeg.replace(frame + 5, 4, "\xFF\xDC\xFF\xDC");
  EXPECT_EQ(read_quietly(jpeg).result.problem,
            "65500x65500 pixels, more than the 268 million that a picture may have");
}

}  // namespace
}  // namespace svhn::data
