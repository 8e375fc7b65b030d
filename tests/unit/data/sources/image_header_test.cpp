#include "data/sources/image_header.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

namespace svhn::data {
namespace {

using namespace std::string_view_literals;

/// @returns "WxH" or "none".
std::string size_of(std::string_view bytes) {
  const auto size = image_size(std::as_bytes(std::span(bytes.data(), bytes.size())));
  return size ? std::to_string(size->width) + "x" + std::to_string(size->height) : "none";
}

// Each header is written by hand from the format's specification: width 300 (0x012C), height 7.
TEST(ImageSize, ReadsEveryKindOfHeader) {
  EXPECT_EQ(size_of("\x89PNG\r\n\x1A\n\0\0\0\x0DIHDR\0\0\x01\x2C\0\0\0\x07"sv), "300x7");
  EXPECT_EQ(size_of("\xFF\xD8\xFF\xE0\0\x04zz\xFF\xC0\0\x11\x08\0\x07\x01\x2C\x03\xFF\xD9"sv), "300x7");
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
                    "ftyp____________\0\0\0\x2Djp2h\0\0\0\x16ihdr\0\0\0\x07\0\0\x01\x2C"sv),
            "300x7");
  EXPECT_EQ(size_of("\x59\xA6\x6A\x95\0\0\x01\x2C\0\0\0\x07"sv), "300x7");
  EXPECT_EQ(size_of("P6\n# made by hand\n300 7\n255\n"sv), "300x7");
  EXPECT_EQ(size_of("P7\nWIDTH 300\nHEIGHT 7\nDEPTH 3\n"sv), "300x7");
  EXPECT_EQ(size_of("#?RADIANCE\nFORMAT=32-bit_rle_rgbe\n\n-Y 7 +X 300\n"sv), "300x7");
}

TEST(ImageSize, KnowsNothingOfOtherContent) {
  for (const std::string_view other :
       {""sv, "hello"sv, "GIF89a"sv, "P9 3 4"sv, "RIFF____WAVEfmt "sv, "P6 x"sv}) {
    EXPECT_EQ(size_of(other), "none") << other;
  }
}

TEST(ImageSize, RefusesHeadersThatAreCutShort) {
  const std::string_view png = "\x89PNG\r\n\x1A\n\0\0\0\x0DIHDR\0\0\x01\x2C\0\0\0\x07"sv;
  for (std::size_t length = 0; length < png.size(); ++length)
    EXPECT_EQ(size_of(png.substr(0, length)), "none");
  // A JPEG whose data ends without the end marker was cut short.
  EXPECT_EQ(size_of("\xFF\xD8\xFF\xC0\0\x11\x08\0\x07\x01\x2C\x03 data data"sv), "none");
}

}  // namespace
}  // namespace svhn::data
