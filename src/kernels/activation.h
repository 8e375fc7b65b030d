#pragma once
/// Activation functions and their derivatives, for loops that compilers vectorise.

#include <bit>
#include <cstdint>

#include "core/vector_clones.h"
#include "kernels/norm_block.h"

namespace svhn::kernels {

/// @param x at most 0, or NaN. @returns e^x with a relative error of 2e-7; below -87 the value at -87
/// (1.6e-38).
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

inline constexpr float kSeluScale = 1.0507009873554804934F;
inline constexpr float kSeluAlpha = 1.6732632423543772848F;
inline constexpr float kSeluFloor = kSeluScale * kSeluAlpha;

template <BlockActivation A>
SVHN_INLINE float activation_value(float x) {
  if constexpr (A == BlockActivation::linear) return x;
  // The comparisons keep a NaN.
  if constexpr (A == BlockActivation::relu) return x < 0.0F ? 0.0F : x;
  const float below = x > 0.0F ? 0.0F : x;
  const float e = exp_negative(below) - 1.0F;
  if constexpr (A == BlockActivation::elu) return x > 0.0F ? x : e;
  return x > 0.0F ? x * kSeluScale : e * kSeluFloor;
}

/// @param y output of the activation. @returns its derivative.
template <BlockActivation A>
SVHN_INLINE float activation_slope(float y) {
  if constexpr (A == BlockActivation::linear) return 1.0F;
  if constexpr (A == BlockActivation::relu) return y > 0.0F ? 1.0F : 0.0F;
  if constexpr (A == BlockActivation::elu) return y > 0.0F ? 1.0F : y + 1.0F;
  return y > 0.0F ? kSeluScale : y + kSeluFloor;
}

/// @param g gradient of the output y. @returns g activation'(y); relu passes on a g behind a y that is NaN
/// and blocks one that is not finite, as LibTorch does.
template <BlockActivation A>
SVHN_INLINE float activation_gradient(float g, float y) {
  if constexpr (A == BlockActivation::relu) return y <= 0.0F ? 0.0F : g;
  return g * activation_slope<A>(y);
}

}  // namespace svhn::kernels

// One case per activation, so that each gets its own compiled loop.
#define SVHN_FOR_EACH_ACTIVATION(activation, function, ...)  \
  switch (activation) {                                      \
    case BlockActivation::linear:                            \
      return function<BlockActivation::linear>(__VA_ARGS__); \
    case BlockActivation::relu:                              \
      return function<BlockActivation::relu>(__VA_ARGS__);   \
    case BlockActivation::elu:                               \
      return function<BlockActivation::elu>(__VA_ARGS__);    \
    case BlockActivation::selu:                              \
      return function<BlockActivation::selu>(__VA_ARGS__);   \
  }
