#pragma once
/// The inner loops of NormBlock, one thread's work on memory with channels innermost. A pixel is C numbers;
/// float or bfloat16 (as std::uint16_t) in, float in between. Statistics are added to, not set.

#include <cstdint>

#include "kernels/dropout_mask.h"
#include "kernels/norm_block.h"

namespace svhn::kernels {

/// One number a channel, [C] each.
struct ShiftedSums {
  const float* shift;  ///< Near the mean, so that squares do not cancel.
  float* sum;          ///< Of x - shift.
  float* square;       ///< Of (x - shift)^2.
};

/// Applies the activation in place and adds up what it gave.
void activate_and_sum(BlockActivation activation, float* x, std::int64_t pixels, std::int64_t channels,
                      const ShiftedSums& sums);
void activate_and_sum(BlockActivation activation, std::uint16_t* x, std::int64_t pixels,
                      std::int64_t channels, const ShiftedSums& sums);

/// y = x scale + offset, [C] each.
struct ChannelLine {
  const float* scale;
  const float* offset;
};

/// y = line(activation(x)).
void activate_and_scale(BlockActivation activation, const float* x, float* y, std::int64_t pixels,
                        std::int64_t channels, const ChannelLine& line);
void activate_and_scale(BlockActivation activation, const std::uint16_t* x, float* y, std::int64_t pixels,
                        std::int64_t channels, const ChannelLine& line);

/// The largest of each 2x2 window, the first of equals. @param top, bottom two rows of 2 `width` pixels.
/// @param which its place, 0..3 in reading order.
void pool_rows(const float* top, const float* bottom, float* y, std::uint8_t* which, std::int64_t width,
               std::int64_t channels);
/// Its transpose: the gradient goes to the chosen place, zero to the others.
void unpool_row(const float* gradient, const std::uint8_t* which, float* top, float* bottom,
                std::int64_t width, std::int64_t channels);

/// Applies a part of a dropout row in place. @param first the place of x[0] in the row.
void mask_part(float* x, std::int64_t count, std::uint32_t first, std::uint32_t base,
               const DropoutMask& mask);

void widen(const float* in, float* out, std::int64_t count);
void widen(const std::uint16_t* in, float* out, std::int64_t count);
void narrow(const float* in, float* out, std::int64_t count);
void narrow(const float* in, std::uint16_t* out, std::int64_t count);

/// What batch norm's backward pass needs of the gradient g and its input x, [C] each.
struct GradientSums {
  const float* mean;
  float* sum;     ///< Of g.
  float* moment;  ///< Of g (x - mean).
};
void sum_gradients(const float* g, const float* x, std::int64_t pixels, std::int64_t channels,
                   const GradientSums& sums);
void sum_gradients(const float* g, const std::uint16_t* x, std::int64_t pixels, std::int64_t channels,
                   const GradientSums& sums);

/// dx = (g scale + (x - mean) slope + offset) activation'(x), [C] each; x is what the activation gave.
struct GradientLine {
  const float* scale;
  const float* mean;
  const float* slope;
  const float* offset;
};
void spread_gradients(BlockActivation activation, const float* g, const float* x, float* dx,
                      std::int64_t pixels, std::int64_t channels, const GradientLine& line);
void spread_gradients(BlockActivation activation, const float* g, const std::uint16_t* x, std::uint16_t* dx,
                      std::int64_t pixels, std::int64_t channels, const GradientLine& line);

}  // namespace svhn::kernels
