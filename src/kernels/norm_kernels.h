#pragma once
/// The single-threaded inner loops of NormBlock on memory in channels-last order, and its per-channel
/// statistics. C = channels; a pixel is C numbers. Inputs are float or bfloat16 (as std::uint16_t),
/// intermediate results float. The loops add to their sums.

#include <cmath>
#include <cstdint>
#include <vector>

#include "distributed/moments.h"
#include "kernels/dropout.h"
#include "kernels/norm_block.h"
#include "kernels/tensor_memory.h"

namespace svhn::kernels {

/// Sums per channel, f32 [C] each.
struct ShiftedSums {
  const float* shift;  ///< A value near the mean, against cancellation.
  float* sum;          ///< Of x - shift.
  float* square;       ///< Of (x - shift)^2.
};

/// Applies the activation in place and adds up its output.
void activate_and_sum(BlockActivation activation, float* x, std::int64_t pixels, std::int64_t channels,
                      const ShiftedSums& sums);
void activate_and_sum(BlockActivation activation, std::uint16_t* x, std::int64_t pixels,
                      std::int64_t channels, const ShiftedSums& sums);

/// y = x scale + offset per channel, f32 [C] each.
struct ChannelAffine {
  const float* scale;
  const float* offset;
};

/// y = activation(x) scale + offset.
void activate_and_scale(BlockActivation activation, const float* x, float* y, std::int64_t pixels,
                        std::int64_t channels, const ChannelAffine& affine);
void activate_and_scale(BlockActivation activation, const std::uint16_t* x, float* y, std::int64_t pixels,
                        std::int64_t channels, const ChannelAffine& affine);

/// Applies the activation in place.
void activate_range(BlockActivation activation, float* x, std::int64_t count);

/// Turns gradients g of y = activation(x scale + offset) into those of the sum, in place. y is computed
/// again, which costs less memory than keeping it.
void activation_gradients(BlockActivation activation, const float* x, float* g, std::int64_t pixels,
                          std::int64_t channels, const ChannelAffine& affine);
void activation_gradients(BlockActivation activation, const std::uint16_t* x, float* g, std::int64_t pixels,
                          std::int64_t channels, const ChannelAffine& affine);

/// 2x2 max pooling of two rows; of equal values the first one wins. @param top, bottom rows of 2 `width`
/// pixels.
/// @param argmax filled: index of the largest value in its window, 0 to 3 in reading order.
void pool_rows(const float* top, const float* bottom, float* y, std::uint8_t* argmax, std::int64_t width,
               std::int64_t channels);
/// Marks by an argmax of 4 the outputs that relu will make zero: no gradient flows back to their window.
/// @param y the pooled values, before relu.
void block_argmax(const float* y, std::uint8_t* argmax, std::int64_t count);
/// Backward pass of pool_rows: the gradient goes to the argmax, zero to the other three.
void unpool_row(const float* gradient, const std::uint8_t* argmax, float* top, float* bottom,
                std::int64_t width, std::int64_t channels);

/// @param x_top, x_bottom the rows of which pool_rows took scale and offset. @param out filled with the
/// numbers of x at argmax, converted to float.
void take_argmax(const float* x_top, const float* x_bottom, const std::uint8_t* argmax, float* out,
                 std::int64_t width, std::int64_t channels);
void take_argmax(const std::uint16_t* x_top, const std::uint16_t* x_bottom, const std::uint8_t* argmax,
                 float* out, std::int64_t width, std::int64_t channels);

/// Applies dropout in place to a range of an image's features. @param first index of x[0] in the image.
/// @param base of the image, see DropoutMask::row_base.
void mask_range(float* x, std::int64_t count, std::uint32_t first, std::uint32_t base,
                const DropoutMask& mask);

/// Sums for batch norm's backward pass over gradients g and inputs x, f32 [C] each.
struct GradientSums {
  const float* mean;
  float* sum;     ///< Of g.
  float* moment;  ///< Of g (x - mean).
};
void sum_gradients(const float* g, const float* x, std::int64_t pixels, std::int64_t channels,
                   const GradientSums& sums);
void sum_gradients(const float* g, const std::uint16_t* x, std::int64_t pixels, std::int64_t channels,
                   const GradientSums& sums);

/// dx = (g scale + (x - mean) slope + offset) activation'(x), f32 [C] each; x is the activation's output.
struct GradientCoefficients {
  const float* scale;
  const float* mean;
  const float* slope;
  const float* offset;
};
void input_gradients(BlockActivation activation, const float* g, const float* x, float* dx,
                     std::int64_t pixels, std::int64_t channels, const GradientCoefficients& coefficients);
void input_gradients(BlockActivation activation, const float* g, const std::uint16_t* x, std::uint16_t* dx,
                     std::int64_t pixels, std::int64_t channels, const GradientCoefficients& coefficients);

/// @param sums of x - shift and of its squares, [2 C]. @returns mean and variance of each channel.
inline distributed::ChannelMoments own_moments(const std::vector<double>& sums, const Floats& shift,
                                               std::int64_t pixels) {
  const auto channels = static_cast<std::int64_t>(shift.size());
  const auto n = static_cast<double>(pixels);
  distributed::ChannelMoments m{at::empty({channels}, torch::kFloat64),
                                at::empty({channels}, torch::kFloat64), n};
  for (std::int64_t c = 0; c < channels; ++c) {
    const double mean = sums[c] / n;
    // Rounding may make the variance of a constant channel negative; a NaN stays a NaN.
    const double variance = sums[channels + c] / n - mean * mean;
    numbers_in<double>(m.mean)[c] = mean + static_cast<double>(shift[c]);
    numbers_in<double>(m.variance)[c] = variance < 0.0 ? 0.0 : variance;
  }
  return m;
}

/// @returns the moments in float, with 1 / sqrt(variance + epsilon).
inline Moments moments_of(const distributed::ChannelMoments& all, double epsilon) {
  const std::int64_t channels = all.mean.numel();
  const double n = all.count;
  Moments m{at::empty({channels}), at::empty({channels}), at::empty({channels}), n};
  for (std::int64_t c = 0; c < channels; ++c) {
    const double variance = numbers_in<double>(all.variance)[c];
    numbers_in<float>(m.mean)[c] = static_cast<float>(numbers_in<double>(all.mean)[c]);
    numbers_in<float>(m.variance)[c] = static_cast<float>(n <= 1.0 ? 0.0 : variance * n / (n - 1.0));
    numbers_in<float>(m.deviation)[c] = static_cast<float>(1.0 / std::sqrt(variance + epsilon));
  }
  return m;
}

/// The vectors of GradientCoefficients for batch norm's dx = w d (g - mean(g) - xhat mean(g xhat)), with xhat
/// = (x - mean) d.
struct BackwardCoefficients {
  Floats scale, slope, offset;

  /// @param sums of g and of g (x - mean) over all images, [2 C].
  BackwardCoefficients(const std::vector<double>& sums, const float* weight, const Moments& moments) {
    const std::int64_t channels = moments.mean.numel();
    const auto* deviation = numbers_in<float>(moments.deviation);
    const double n = moments.count;
    for (auto* numbers : {&scale, &slope, &offset}) numbers->resize(static_cast<std::size_t>(channels));
    for (std::int64_t c = 0; c < channels; ++c) {
      const double d = deviation[c], factor = static_cast<double>(weight[c]) * d;
      scale[c] = static_cast<float>(factor);
      slope[c] = static_cast<float>(-factor * d * d * sums[channels + c] / n);
      offset[c] = static_cast<float>(-factor * sums[c] / n);
    }
  }
};

/// Writes the gradients of batch norm's weight and bias, f32 [C] each.
/// @param own sums of g and of g (x - mean) over this process' images, [2 C].
inline void write_norm_gradients(const std::vector<double>& own, const Moments& moments, float* weight,
                                 float* bias) {
  const std::int64_t channels = moments.mean.numel();
  const auto* deviation = numbers_in<float>(moments.deviation);
  for (std::int64_t c = 0; c < channels; ++c) {
    bias[c] = static_cast<float>(own[c]);
    weight[c] = static_cast<float>(own[channels + c] * static_cast<double>(deviation[c]));
  }
}

}  // namespace svhn::kernels
