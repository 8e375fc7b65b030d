#include "formats/floats.h"

#include <bit>
#include <cmath>
#include <cstdint>
#include <cstring>

namespace svhn::formats {
namespace {

template <class From>
From load(const std::byte* at) {
  From value;
  std::memcpy(&value, at, sizeof(From));
  return value;
}

/// IEEE 754 binary16: 1 sign, 5 exponent and 10 mantissa bits.
float from_half(std::uint16_t bits) {
  const float sign = (bits & 0x8000U) != 0 ? -1.0F : 1.0F;
  const int exponent = bits >> 10 & 0x1f;
  const auto mantissa = static_cast<float>(bits & 0x3ffU);
  if (exponent == 0) return sign * std::ldexp(mantissa, -24);
  if (exponent != 31) return sign * std::ldexp(1024.0F + mantissa, exponent - 25);
  return mantissa == 0.0F ? sign * INFINITY : NAN;
}

/// The upper half of a float32.
float from_bfloat(std::uint16_t bits) {
  return std::bit_cast<float>(std::uint32_t{bits} << 16);
}

template <class From, class Convert>
std::vector<float> convert(std::span<const std::byte> bytes, Convert to_float) {
  std::vector<float> values(bytes.size() / sizeof(From));
  for (std::size_t i = 0; i < values.size(); ++i)
    values[i] = to_float(load<From>(bytes.data() + i * sizeof(From)));
  return values;
}

template <class From>
std::vector<float> cast(std::span<const std::byte> bytes) {
  return convert<From>(bytes, [](From value) { return static_cast<float>(value); });
}

}  // namespace

std::vector<float> to_floats(DType dtype, std::span<const std::byte> bytes) {
  switch (dtype) {
    case DType::boolean:
    case DType::u8:
      return cast<std::uint8_t>(bytes);
    case DType::i8:
      return cast<std::int8_t>(bytes);
    case DType::u16:
      return cast<std::uint16_t>(bytes);
    case DType::i16:
      return cast<std::int16_t>(bytes);
    case DType::u32:
      return cast<std::uint32_t>(bytes);
    case DType::i32:
      return cast<std::int32_t>(bytes);
    case DType::u64:
      return cast<std::uint64_t>(bytes);
    case DType::i64:
      return cast<std::int64_t>(bytes);
    case DType::f16:
      return convert<std::uint16_t>(bytes, from_half);
    case DType::bf16:
      return convert<std::uint16_t>(bytes, from_bfloat);
    case DType::f32:
      return cast<float>(bytes);
    case DType::f64:
      return cast<double>(bytes);
  }
  return {};
}

}  // namespace svhn::formats
