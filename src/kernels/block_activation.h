#pragma once
/// A BlockActivation's value and slope, for loops that compilers vectorise.

#include "core/vector_clones.h"
#include "kernels/exponential.h"
#include "kernels/norm_block.h"

namespace svhn::kernels {

inline constexpr float kSeluScale = 1.0507009873554804934F;
inline constexpr float kSeluAlpha = 1.6732632423543772848F;
inline constexpr float kSeluFloor = kSeluScale * kSeluAlpha;

template <BlockActivation A>
SVHN_INLINE float value_of(float x) {
  if constexpr (A == BlockActivation::linear) return x;
  // Comparisons are such that a NaN stays one.
  if constexpr (A == BlockActivation::relu) return x < 0.0F ? 0.0F : x;
  const float below = x > 0.0F ? 0.0F : x;
  const float e = exp_negative(below) - 1.0F;
  if constexpr (A == BlockActivation::elu) return x > 0.0F ? x : e;
  return x > 0.0F ? x * kSeluScale : e * kSeluFloor;
}

/// @param y what the activation gave.
template <BlockActivation A>
SVHN_INLINE float slope_at(float y) {
  if constexpr (A == BlockActivation::linear) return 1.0F;
  if constexpr (A == BlockActivation::relu) return y > 0.0F ? 1.0F : 0.0F;
  if constexpr (A == BlockActivation::elu) return y > 0.0F ? 1.0F : y + 1.0F;
  return y > 0.0F ? kSeluScale : y + kSeluFloor;
}

}  // namespace svhn::kernels

// One case an activation, so that each loop is compiled for its own.
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
