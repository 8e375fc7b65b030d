#include "formats/dtype.h"

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <cstdint>
#include <limits>
#include <map>
#include <string>

namespace svhn::formats {
namespace {

// Names and sizes: the table of dtypes in the safetensors README.
const std::map<std::string, std::size_t> kPublished{
    {"BOOL", 1}, {"U8", 1},  {"I8", 1},  {"U16", 2}, {"I16", 2}, {"F16", 2}, {"U32", 4},
    {"I32", 4},  {"F32", 4}, {"U64", 8}, {"I64", 8}, {"F64", 8}, {"BF16", 2}};

TEST(DType, HasThePublishedNamesAndSizes) {
  for (const auto& [name, size] : kPublished) {
    const auto dtype = dtype_from_safetensors_name(name);
    ASSERT_TRUE(dtype.has_value()) << name;
    EXPECT_EQ(item_size(*dtype), size) << name;
    EXPECT_EQ(safetensors_name(*dtype), name);
  }
}

TEST(DType, KnowsNoOtherName) {
  for (const char* name : {"", "f32", "F8_E4M3", "F32 ", "U128"}) {
    EXPECT_EQ(dtype_from_safetensors_name(name), std::nullopt) << name;
  }
}

template <class T, std::size_t N>
std::vector<float> floats(DType dtype, const std::array<T, N>& values) {
  return to_floats(dtype, std::as_bytes(std::span(values)));
}

TEST(ToFloats, ReadsHalvesByTheStandard) {
  // IEEE 754 binary16 by hand: 1.0, -2.0, the largest finite, the smallest normal and subnormal, infinities.
  const auto values = floats(DType::f16, std::array<std::uint16_t, 8>{0x3c00, 0xc000, 0x7bff, 0x0400, 0x0001,
                                                                      0x7c00, 0xfc00, 0x8000});
  const auto infinity = std::numeric_limits<float>::infinity();
  EXPECT_EQ(values,
            (std::vector<float>{1.0F, -2.0F, 65504.0F, 0x1p-14F, 0x1p-24F, infinity, -infinity, 0.0F}));
  EXPECT_TRUE(std::signbit(values[7]));
  EXPECT_TRUE(std::isnan(floats(DType::f16, std::array<std::uint16_t, 1>{0x7e00})[0]));
}

TEST(ToFloats, TakesBfloatsAsUpperHalves) {
  // 1.0F is 0x3f800000, -2.5F is 0xc0200000.
  EXPECT_EQ(floats(DType::bf16, std::array<std::uint16_t, 2>{0x3f80, 0xc020}),
            (std::vector<float>{1.0F, -2.5F}));
}

TEST(ToFloats, ConvertsNumbersOfEveryWidth) {
  EXPECT_EQ(floats(DType::f64, std::array{0.5, -3.0}), (std::vector<float>{0.5F, -3.0F}));
  EXPECT_EQ(floats(DType::i64, std::array<std::int64_t, 2>{-7, 1LL << 40}),
            (std::vector<float>{-7.0F, 0x1p40F}));
  EXPECT_EQ(floats(DType::u8, std::array<std::uint8_t, 1>{255}), (std::vector<float>{255.0F}));
  EXPECT_EQ(floats(DType::i16, std::array<std::int16_t, 1>{-300}), (std::vector<float>{-300.0F}));
  EXPECT_TRUE(to_floats(DType::f32, {}).empty());
}

}  // namespace
}  // namespace svhn::formats
