#pragma once
/// An exponential that compilers vectorise.

#include <bit>
#include <cstdint>

namespace svhn::kernels {

/// @param x at most 0, or NaN. @returns e^x within 2e-7 of itself; below -87 what it is there (1.6e-38).
/// @see Cephes' expf: e^x = 2^n e^r with |r| <= ln(2) / 2 and a polynomial for e^r.
inline float exp_negative(float x) {
  constexpr float kRound = 12582912.0F;  // 1.5 * 2^23: adding it leaves an integer in the lower bits.
  constexpr float kLog2E = 1.44269504F, kLn2High = 0.693359375F, kLn2Low = -2.12194440e-4F;
  const float bounded = x < -87.0F ? -87.0F : x;
  const float shifted = bounded * kLog2E + kRound;
  const float n = shifted - kRound;
  const float r = (bounded - n * kLn2High) - n * kLn2Low;
  float p = 1.9875691500e-4F;
  p = p * r + 1.3981999507e-3F;
  p = p * r + 8.3334519073e-3F;
  p = p * r + 4.1665795894e-2F;
  p = p * r + 1.6666665459e-1F;
  p = p * r + 5.0000001201e-1F;
  const float mantissa = p * (r * r) + r + 1.0F;
  const std::uint32_t power = (std::bit_cast<std::uint32_t>(shifted) << 23) + 0x3F800000U;
  return mantissa * std::bit_cast<float>(power);
}

}  // namespace svhn::kernels
