#pragma once
/// bfloat16 is the upper half of a float.

#include <bit>
#include <cstdint>

namespace svhn::kernels {

inline float to_float(float value) {
  return value;
}

inline float to_float(std::uint16_t value) {
  return std::bit_cast<float>(static_cast<std::uint32_t>(value) << 16);
}

/// Rounds to nearest even; a NaN stays a NaN (its upper bits are kept).
inline std::uint16_t to_bfloat16(float value) {
  const auto bits = std::bit_cast<std::uint32_t>(value);
  const std::uint32_t rounded = (bits + 0x7FFFU + ((bits >> 16) & 1U)) >> 16;
  return static_cast<std::uint16_t>(value == value ? rounded : (bits >> 16) | 0x40U);
}

inline void store(float value, float& target) {
  target = value;
}

inline void store(float value, std::uint16_t& target) {
  target = to_bfloat16(value);
}

}  // namespace svhn::kernels
