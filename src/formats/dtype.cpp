#include "formats/dtype.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <string>

#include "core/error.h"

namespace svhn::formats {
namespace {

struct DTypeRow {
  DType dtype;
  std::size_t size;
  std::string_view name;
};

constexpr std::array<DTypeRow, 13> kDTypes{{{DType::boolean, 1, "BOOL"},
                                            {DType::u8, 1, "U8"},
                                            {DType::i8, 1, "I8"},
                                            {DType::u16, 2, "U16"},
                                            {DType::i16, 2, "I16"},
                                            {DType::u32, 4, "U32"},
                                            {DType::i32, 4, "I32"},
                                            {DType::u64, 8, "U64"},
                                            {DType::i64, 8, "I64"},
                                            {DType::f16, 2, "F16"},
                                            {DType::bf16, 2, "BF16"},
                                            {DType::f32, 4, "F32"},
                                            {DType::f64, 8, "F64"}}};

const DTypeRow& row_of(DType dtype) {
  const auto* found = std::ranges::find(kDTypes, dtype, &DTypeRow::dtype);
  if (found == kDTypes.end()) {
    const auto number = std::to_string(static_cast<int>(dtype));
    throw core::Error(core::ExitCode::bug, "no element type has the number " + number);
  }
  return *found;
}

template <class From>
From load(const std::byte* address) {
  From value;
  std::memcpy(&value, address, sizeof(From));
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

/// bfloat16 is the upper half of a float32.
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

std::size_t item_size(DType dtype) {
  return row_of(dtype).size;
}

std::string_view safetensors_name(DType dtype) {
  return row_of(dtype).name;
}

std::optional<DType> dtype_from_safetensors_name(std::string_view name) {
  const auto* found = std::ranges::find(kDTypes, name, &DTypeRow::name);
  if (found == kDTypes.end()) return std::nullopt;
  return found->dtype;
}

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
