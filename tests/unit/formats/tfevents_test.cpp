#include "formats/tfevents.h"

#include <gtest/gtest.h>

#include <array>

namespace svhn::formats {
namespace {

std::string hex(const std::string& bytes) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  for (const char c : bytes) {
    const auto value = static_cast<unsigned char>(c);
    text += kDigits[value >> 4];
    text += kDigits[value & 15];
  }
  return text;
}

// RFC 3720, appendix B.4: 32 bytes of zeros, of ones, and ascending; and the usual check value of
// "123456789".
TEST(Crc32c, MatchesThePublishedExamples) {
  EXPECT_EQ(crc32c(std::string(32, '\0')), 0x8A9136AAU);
  EXPECT_EQ(crc32c(std::string(32, '\xff')), 0x62A8AB43U);
  std::string ascending;
  for (char c = 0; c < 32; ++c) ascending.push_back(c);
  EXPECT_EQ(crc32c(ascending), 0x46DD794EU);
  EXPECT_EQ(crc32c("123456789"), 0xE3069283U);
}

// By hand from the field numbers of event.proto: key 09 is field 1 as 64 bits, 10 field 2 as varint, 1a field
// 3 as bytes; 3ff0000000000000 is 1.0.
TEST(TfEvents, WritesTheVersionRecordThatTensorBoardExpects) {
  const std::string record = tfevents_header(1.0);
  ASSERT_EQ(record.size(), 8U + 4U + 26U + 4U);
  EXPECT_EQ(hex(record.substr(0, 8)), "1a00000000000000");
  EXPECT_EQ(hex(record.substr(12, 26)), "09000000000000f03f10001a0d627261696e2e4576656e743a32");
}

TEST(TfEvents, WritesAScalarAsTagAndFloat) {
  const std::array<Scalar, 1> scalars{{{"loss", 0.5F}}};
  const std::string record = tfevents_record(1.0, 300, scalars);
  // wall_time 1.0; step 300 = ac 02; summary(13) { value(11) { tag "loss"; simple_value 0.5 } }.
  EXPECT_EQ(hex(record.substr(12, record.size() - 16)),
            "09000000000000f03f10ac022a0d0a0b0a046c6f7373150000003f");
}

TEST(TfEvents, ProtectsLengthAndDataByMaskedChecksums) {
  const std::string record = tfevents_header(1.0);
  const auto word = [&](std::size_t at) {
    std::uint32_t value = 0;
    for (std::size_t i = 4; i-- > 0;) value = value << 8 | static_cast<unsigned char>(record[at + i]);
    return value;
  };
  const auto unmask = [](std::uint32_t masked) {
    const std::uint32_t rotated = masked - 0xA282EAD8U;
    return rotated << 15 | rotated >> 17;
  };
  EXPECT_EQ(unmask(word(8)), crc32c(std::string_view(record).substr(0, 8)));
  EXPECT_EQ(unmask(word(record.size() - 4)), crc32c(std::string_view(record).substr(12, record.size() - 16)));
}

}  // namespace
}  // namespace svhn::formats
