#include "data/sources/image_header.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

namespace svhn::data {
namespace {

using namespace std::string_view_literals;

std::optional<ImageHeader> header_of(std::string_view bytes) {
  return read_image_header(std::as_bytes(std::span(bytes.data(), bytes.size())));
}

/// @returns "WxH" or "none".
std::string size_of(std::string_view bytes) {
  const auto header = header_of(bytes);
  return header ? std::to_string(header->width) + "x" + std::to_string(header->height) : "none";
}

/// A PNG of 300 x 7 pixels without any, whose checksums are not checked here.
std::string png(std::string_view depth_and_colour, std::string_view more = "") {
  return std::string("\x89PNG\r\n\x1A\n\0\0\0\x0DIHDR\0\0\x01\x2C\0\0\0\x07"sv) +
         std::string(depth_and_colour) + "___CRC_" + std::string(more) + std::string("\0\0\0\0IENDCRC_"sv);
}

/// A JPEG of 300 x 7 pixels: its frame has three components, the first with twice as many samples each way.
std::string jpeg(char frame, std::string_view scans) {
  return std::string("\xFF\xD8\xFF\xE0\0\x04zz\xFF"sv) + frame +
         std::string("\0\x11\x08\0\x07\x01\x2C\x03\x01\x22\0\x02\x11\0\x03\x11\0"sv) + std::string(scans);
}

constexpr std::string_view kScan = "\xFF\xDA\0\x0C\x03\x01\0\x02\0\x03\0\0\x3F\0 data \xFF\0 \xFF\xD0 data"sv;

// Each header is written by hand from the format's specification: width 300 (0x012C), height 7.
TEST(ReadImageHeader, ReadsEveryKind) {
  EXPECT_EQ(size_of(png("\x08\x02")), "300x7");
  EXPECT_EQ(size_of(jpeg('\xC0', std::string(kScan) + "\xFF\xD9")), "300x7");
  EXPECT_EQ(size_of("BM____________\x28\0\0\0\x2C\x01\0\0\x07\0\0\0"sv), "300x7");
  EXPECT_EQ(size_of("BM____________\x28\0\0\0\x2C\x01\0\0\xF9\xFF\xFF\xFF"sv), "300x7");  // From the top.
  EXPECT_EQ(size_of("BM____________\x0C\0\0\0\x2C\x01\x07\0"sv), "300x7");                // OS/2.
  EXPECT_EQ(size_of("RIFF____WEBPVP8X________\x2B\x01\0\x06\0\0"sv), "300x7");
  EXPECT_EQ(size_of("RIFF____WEBPVP8 __________\x2C\x01\x07\0"sv), "300x7");
  // 14 bits of width - 1 = 299, then 14 bits of height - 1 = 6: 299 + (6 << 14) = 0x0001812B.
  EXPECT_EQ(size_of("RIFF____WEBPVP8L____/\x2B\x81\x01\0"sv), "300x7");
  EXPECT_EQ(
      size_of("II*\0\x08\0\0\0\x02\0\0\x01\x03\0\x01\0\0\0\x2C\x01\0\0\x01\x01\x04\0\x01\0\0\0\x07\0\0\0"sv),
      "300x7");
  EXPECT_EQ(
      size_of("MM\0*\0\0\0\x08\0\x02\x01\0\0\x03\0\0\0\x01\x01\x2C\0\0\x01\x01\0\x04\0\0\0\x01\0\0\0\x07"sv),
      "300x7");
  EXPECT_EQ(size_of("\0\0\0\x0CjP  \r\n\x87\n\0\0\0\x14"
                    "ftyp____________\0\0\0\x2Djp2h\0\0\0\x16ihdr\0\0\0\x07\0\0\x01\x2C\0\x03\x07"sv),
            "300x7");
  EXPECT_EQ(size_of("\x59\xA6\x6A\x95\0\0\x01\x2C\0\0\0\x07"sv), "300x7");
  EXPECT_EQ(size_of("P6\n# made by hand\n300 7\n255\n"sv), "300x7");
  EXPECT_EQ(size_of("P7\nWIDTH 300\nHEIGHT 7\nDEPTH 3\n"sv), "300x7");
  EXPECT_EQ(size_of("#?RADIANCE\nFORMAT=32-bit_rle_rgbe\n\n-Y 7 +X 300\n"sv), "300x7");
}

TEST(ReadImageHeader, KnowsNothingOfOtherContent) {
  for (const std::string_view other :
       {""sv, "hello"sv, "GIF89a"sv, "P9 3 4"sv, "RIFF____WAVEfmt "sv, "P6 x"sv}) {
    EXPECT_EQ(size_of(other), "none") << other;
  }
}

TEST(ReadImageHeader, RefusesWhatIsCutShort) {
  const std::string whole = png("\x08\x02", std::string("\0\0\0\x02IDATzzCRC_"sv));
  EXPECT_EQ(size_of(whole), "300x7");
  for (std::size_t length = 0; length < whole.size(); ++length)
    EXPECT_EQ(size_of(whole.substr(0, length)), "none") << length;
  // A JPEG whose data ends without the end marker; that of a thumbnail in a segment is not its own.
  const std::string cut = jpeg('\xC0', kScan);
  EXPECT_EQ(size_of(cut), "none");
  EXPECT_EQ(size_of(jpeg('\xC0', std::string("\xFF\xE1\0\x06\xFF\xD8\xFF\xD9"sv) + std::string(kScan))),
            "none");
  // Fill bytes before a marker, and bytes between segments, are passed over.
  EXPECT_EQ(size_of(cut + "\xFF\xFF\xFF\xD9"), "300x7");
  EXPECT_EQ(size_of(jpeg('\xC0', "zz" + std::string(kScan) + "\xFF\xD9")), "300x7");
}

TEST(ReadImageHeader, TellsWhichPicturesMayBeTransparent) {
  EXPECT_FALSE(header_of(png("\x08\x02"))->transparent);
  EXPECT_TRUE(header_of(png("\x08\x06"))->transparent);
  EXPECT_TRUE(header_of(png("\x08\x04"))->transparent);
  EXPECT_TRUE(header_of(png("\x08\x03", std::string("\0\0\0\x01tRNSzCRC_"sv)))->transparent);
  // Grey of two bits: 1 of 0..3 is decoded as 85.
  const auto grey = header_of(png(std::string("\x02\0"sv), std::string("\0\0\0\x02tRNS\0\x01"
                                                                       "CRC_"sv)));
  EXPECT_TRUE(grey->transparent);
  EXPECT_EQ(grey->transparent_grey, 85);
  EXPECT_FALSE(header_of("RIFF____WEBPVP8X\0\0\0\0\0___\x2B\x01\0\x06\0\0"sv)->transparent);
  EXPECT_TRUE(header_of("RIFF____WEBPVP8X\0\0\0\0\x10___\x2B\x01\0\x06\0\0"sv)->transparent);
  EXPECT_TRUE(header_of("P7\nWIDTH 300\nHEIGHT 7\nDEPTH 2\n"sv)->transparent);
  EXPECT_FALSE(header_of("P7\nWIDTH 300\nHEIGHT 7\nDEPTH 4\n"sv));
  // Four samples: colours and opacity, unless they are cyan, magenta, yellow and black.
  std::string tiff(
      "II*\0\x08\0\0\0\x04\0\0\x01\x03\0\x01\0\0\0\x2C\x01\0\0\x01\x01\x04\0\x01\0\0\0\x07\0\0\0"
      "\x06\x01\x03\0\x01\0\0\0\x02\0\0\0\x15\x01\x03\0\x01\0\0\0\x04\0\0\0"sv);
  EXPECT_TRUE(header_of(tiff)->transparent);
  tiff[42] = 5;
  EXPECT_FALSE(header_of(tiff)->transparent);
}

TEST(ReadImageHeader, TellsTheMemoryOfADecoder) {
  EXPECT_EQ(header_of(png("\x08\x02"))->bytes_per_pixel, 3);
  EXPECT_EQ(header_of(png("\x10\x02"))->bytes_per_pixel, 6);
  EXPECT_EQ(header_of(png("\x10\x06"))->bytes_per_pixel, 8);
  EXPECT_EQ(header_of("P6 300 7 255\n"sv)->bytes_per_pixel, 3);
  EXPECT_EQ(header_of("P6 300 7 65535\n"sv)->bytes_per_pixel, 6);
  EXPECT_EQ(header_of("PF 300 7 -1.0\n"sv)->bytes_per_pixel, 12);
  const std::string end = std::string(kScan) + "\xFF\xD9";
  EXPECT_TRUE(header_of(jpeg('\xC0', end))->scalable);
  EXPECT_EQ(header_of(jpeg('\xC0', end))->bytes_per_pixel, 0);
  // Six samples for four pixels, two bytes each.
  EXPECT_EQ(header_of(jpeg('\xC2', end))->bytes_per_pixel, 3);
  const std::string separate(std::string("\xFF\xDA\0\x08\x01\x01\0\0\x3F\0 data"sv) + end);
  EXPECT_EQ(header_of(jpeg('\xC0', separate))->bytes_per_pixel, 3);
}

TEST(ReadImageHeader, ReadsTheOrientationOfAPng) {
  const auto exif = [](char orientation) {
    std::string content("II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0?\0\0\0\0\0\0\0"sv);
    content.replace(content.find('?'), 1, 1, orientation);
    return header_of(png("\x08\x06", std::string("\0\0\0\x1A"
                                                 "eXIf"sv) +
                                         content + "CRC_"))
        ->orientation;
  };
  EXPECT_EQ(exif('\x06'), 6);
  EXPECT_EQ(exif('\x09'), 1);
  EXPECT_EQ(header_of(png("\x08\x06"))->orientation, 1);
}

}  // namespace
}  // namespace svhn::data
