#include "kernels/norm_kernels.h"

#include <algorithm>
#include <cstring>

#include "core/vector_clones.h"
#include "kernels/activation.h"
#include "kernels/bfloat16.h"
#include "kernels/vectors.h"

namespace svhn::kernels {
namespace {

template <BlockActivation A, class T>
SVHN_INLINE void activate_and_sum_as(T* __restrict x, std::int64_t pixels, std::int64_t channels,
                                     const ShiftedSums& sums) {
  const float* __restrict shift = sums.shift;
  float* __restrict sum = sums.sum;
  float* __restrict square = sums.square;
  for (std::int64_t p = 0; p < pixels; ++p, x += channels) {
    for (std::int64_t c = 0; c < channels; ++c) {
      if constexpr (A != BlockActivation::linear) store(activation_value<A>(to_float(x[c])), x[c]);
      const float centred = to_float(x[c]) - shift[c];
      sum[c] += centred;
      square[c] += centred * centred;
    }
  }
}

template <BlockActivation A, class T>
SVHN_INLINE void activate_and_scale_as(const T* __restrict x, float* __restrict y, std::int64_t pixels,
                                       std::int64_t channels, const ChannelAffine& affine) {
  const float* __restrict scale = affine.scale;
  const float* __restrict offset = affine.offset;
  for (std::int64_t p = 0; p < pixels; ++p, x += channels, y += channels) {
    for (std::int64_t c = 0; c < channels; ++c)
      y[c] = activation_value<A>(to_float(x[c])) * scale[c] + offset[c];
  }
}

template <BlockActivation A>
SVHN_INLINE void activate_range_as(float* x, std::int64_t count) {
  for (std::int64_t i = 0; i < count; ++i) x[i] = activation_value<A>(x[i]);
}

template <BlockActivation A, class T>
SVHN_INLINE void activation_gradients_as(const T* __restrict x, float* __restrict g, std::int64_t pixels,
                                         std::int64_t channels, const ChannelAffine& affine) {
  const float* __restrict scale = affine.scale;
  const float* __restrict offset = affine.offset;
  for (std::int64_t p = 0; p < pixels; ++p, x += channels, g += channels) {
    for (std::int64_t c = 0; c < channels; ++c)
      g[c] = activation_gradient<A>(g[c], activation_value<A>(to_float(x[c]) * scale[c] + offset[c]));
  }
}

template <class T>
SVHN_INLINE void sum_gradients_as(const float* __restrict g, const T* __restrict x, std::int64_t pixels,
                                  std::int64_t channels, const GradientSums& sums) {
  const float* __restrict mean = sums.mean;
  float* __restrict sum = sums.sum;
  float* __restrict moment = sums.moment;
  for (std::int64_t p = 0; p < pixels; ++p, g += channels, x += channels) {
    for (std::int64_t c = 0; c < channels; ++c) {
      sum[c] += g[c];
      moment[c] += g[c] * (to_float(x[c]) - mean[c]);
    }
  }
}

template <BlockActivation A, class T>
SVHN_INLINE void input_gradients_as(const float* __restrict g, const T* __restrict x, T* __restrict dx,
                                    std::int64_t pixels, std::int64_t channels,
                                    const GradientCoefficients& coefficients) {
  const float* __restrict scale = coefficients.scale;
  const float* __restrict mean = coefficients.mean;
  const float* __restrict slope = coefficients.slope;
  const float* __restrict offset = coefficients.offset;
  for (std::int64_t p = 0; p < pixels; ++p, g += channels, x += channels, dx += channels) {
    for (std::int64_t c = 0; c < channels; ++c) {
      const float value = to_float(x[c]);
      const float inner = g[c] * scale[c] + ((value - mean[c]) * slope[c] + offset[c]);
      store(inner * activation_slope<A>(value), dx[c]);
    }
  }
}

template <std::int64_t kCount>
SVHN_INLINE void load_argmax(const std::uint8_t* argmax, typename Lanes<kCount>::Index& index) {
  typename Lanes<kCount>::Byte bytes;
  std::memcpy(&bytes, argmax, sizeof(bytes));
  // By way of 16 bits: GCC 12 converts bytes to 32 bits one by one.
  const auto halves = __builtin_convertvector(bytes, typename Lanes<kCount>::Half);
  index = __builtin_convertvector(halves, typename Lanes<kCount>::Index);
}

/// @param pixel numbers of one pixel.
template <std::int64_t kCount>
SVHN_INLINE void unpool_lanes(const float* gradient, const std::uint8_t* argmax, float* top, float* bottom,
                              std::int64_t pixel) {
  using Float = typename Lanes<kCount>::Float;
  float* const targets[4] = {top, top + pixel, bottom, bottom + pixel};
  Float g;
  typename Lanes<kCount>::Index index;
  std::memcpy(&g, gradient, sizeof(g));
  load_argmax<kCount>(argmax, index);
  for (std::int32_t i = 0; i < 4; ++i) {
    const Float part = index == i ? g : Float{};
    std::memcpy(targets[i], &part, sizeof(part));
  }
}

template <std::int64_t kCount>
SVHN_INLINE void load_lanes(const float* from, typename Lanes<kCount>::Float& to) {
  std::memcpy(&to, from, sizeof(to));
}

template <std::int64_t kCount>
SVHN_INLINE void load_lanes(const std::uint16_t* from, typename Lanes<kCount>::Float& to) {
  typename Lanes<kCount>::Half halves;
  std::memcpy(&halves, from, sizeof(halves));
  const auto bits = __builtin_convertvector(halves, typename Lanes<kCount>::Index) << 16;
  std::memcpy(&to, &bits, sizeof(to));
}

/// @param pixel numbers of one pixel.
template <std::int64_t kCount, class T>
SVHN_INLINE void take_lanes(const T* top, const T* bottom, const std::uint8_t* argmax, float* out,
                            std::int64_t pixel) {
  using Float = typename Lanes<kCount>::Float;
  const T* const sources[4] = {top, top + pixel, bottom, bottom + pixel};
  typename Lanes<kCount>::Index index;
  load_argmax<kCount>(argmax, index);
  Float taken;
  load_lanes<kCount>(sources[0], taken);
  for (std::int32_t i = 1; i < 4; ++i) {
    Float part;
    load_lanes<kCount>(sources[i], part);
    taken = index == i ? part : taken;
  }
  std::memcpy(out, &taken, sizeof(taken));
}

template <class T>
SVHN_INLINE void take_argmax_as(const T* top, const T* bottom, const std::uint8_t* argmax, float* out,
                                std::int64_t width, std::int64_t channels) {
  for (std::int64_t w = 0; w < width; ++w) {
    std::int64_t c = 0;
    for (; c + kChannelLanes <= channels; c += kChannelLanes)
      take_lanes<kChannelLanes>(top + c, bottom + c, argmax + c, out + c, channels);
    for (; c < channels; ++c) take_lanes<1>(top + c, bottom + c, argmax + c, out + c, channels);
    top += 2 * channels;
    bottom += 2 * channels;
    argmax += channels;
    out += channels;
  }
}

}  // namespace

SVHN_VECTOR_CLONES
void activate_and_sum(BlockActivation activation, float* x, std::int64_t pixels, std::int64_t channels,
                      const ShiftedSums& sums) {
  SVHN_FOR_EACH_ACTIVATION(activation, activate_and_sum_as, x, pixels, channels, sums);
}

SVHN_VECTOR_CLONES void activate_and_sum(BlockActivation activation, std::uint16_t* x, std::int64_t pixels,
                                         std::int64_t channels, const ShiftedSums& sums) {
  SVHN_FOR_EACH_ACTIVATION(activation, activate_and_sum_as, x, pixels, channels, sums);
}

SVHN_VECTOR_CLONES
void activate_and_scale(BlockActivation activation, const float* x, float* y, std::int64_t pixels,
                        std::int64_t channels, const ChannelAffine& affine) {
  SVHN_FOR_EACH_ACTIVATION(activation, activate_and_scale_as, x, y, pixels, channels, affine);
}

SVHN_VECTOR_CLONES
void activate_and_scale(BlockActivation activation, const std::uint16_t* x, float* y, std::int64_t pixels,
                        std::int64_t channels, const ChannelAffine& affine) {
  SVHN_FOR_EACH_ACTIVATION(activation, activate_and_scale_as, x, y, pixels, channels, affine);
}

SVHN_VECTOR_CLONES
void activate_range(BlockActivation activation, float* x, std::int64_t count) {
  SVHN_FOR_EACH_ACTIVATION(activation, activate_range_as, x, count);
}

SVHN_VECTOR_CLONES
void activation_gradients(BlockActivation activation, const float* x, float* g, std::int64_t pixels,
                          std::int64_t channels, const ChannelAffine& affine) {
  SVHN_FOR_EACH_ACTIVATION(activation, activation_gradients_as, x, g, pixels, channels, affine);
}

SVHN_VECTOR_CLONES
void activation_gradients(BlockActivation activation, const std::uint16_t* x, float* g, std::int64_t pixels,
                          std::int64_t channels, const ChannelAffine& affine) {
  SVHN_FOR_EACH_ACTIVATION(activation, activation_gradients_as, x, g, pixels, channels, affine);
}

SVHN_VECTOR_CLONES
void pool_rows(const float* __restrict top, const float* __restrict bottom, float* __restrict y,
               std::uint8_t* __restrict argmax, std::int64_t width, std::int64_t channels) {
  for (std::int64_t w = 0; w < width; ++w) {
    for (std::int64_t c = 0; c < channels; ++c) {
      float best = top[c];
      std::uint8_t index = 0;
      const float others[3] = {top[channels + c], bottom[c], bottom[channels + c]};
      for (std::uint8_t i = 0; i < 3; ++i) {
        // A NaN wins, as in PyTorch.
        const bool larger = others[i] > best || others[i] != others[i];
        best = larger ? others[i] : best;
        index = larger ? static_cast<std::uint8_t>(i + 1) : index;
      }
      y[c] = best;
      argmax[c] = index;
    }
    top += 2 * channels;
    bottom += 2 * channels;
    y += channels;
    argmax += channels;
  }
}

SVHN_VECTOR_CLONES
void block_argmax(const float* __restrict y, std::uint8_t* __restrict argmax, std::int64_t count) {
  for (std::int64_t i = 0; i < count; ++i) argmax[i] = y[i] <= 0.0F ? std::uint8_t{4} : argmax[i];
}

SVHN_VECTOR_CLONES
void unpool_row(const float* gradient, const std::uint8_t* argmax, float* top, float* bottom,
                std::int64_t width, std::int64_t channels) {
  for (std::int64_t w = 0; w < width; ++w) {
    // Explicit vectors: the compiler would choose their width by the bytes of argmax, more than there are
    // channels.
    std::int64_t c = 0;
    for (; c + kChannelLanes <= channels; c += kChannelLanes) {
      unpool_lanes<kChannelLanes>(gradient + c, argmax + c, top + c, bottom + c, channels);
    }
    for (; c < channels; ++c) unpool_lanes<1>(gradient + c, argmax + c, top + c, bottom + c, channels);
    gradient += channels;
    argmax += channels;
    top += 2 * channels;
    bottom += 2 * channels;
  }
}

SVHN_VECTOR_CLONES
void take_argmax(const float* x_top, const float* x_bottom, const std::uint8_t* argmax, float* out,
                 std::int64_t width, std::int64_t channels) {
  take_argmax_as(x_top, x_bottom, argmax, out, width, channels);
}

SVHN_VECTOR_CLONES
void take_argmax(const std::uint16_t* x_top, const std::uint16_t* x_bottom, const std::uint8_t* argmax,
                 float* out, std::int64_t width, std::int64_t channels) {
  take_argmax_as(x_top, x_bottom, argmax, out, width, channels);
}

SVHN_VECTOR_CLONES
void mask_range(float* x, std::int64_t count, std::uint32_t first, std::uint32_t base,
                const DropoutMask& mask) {
  const std::uint32_t threshold = mask.threshold;
  const auto scale = static_cast<float>(mask.scale);
  const auto n = static_cast<std::uint32_t>(count);
  for (std::uint32_t i = 0; i < n; ++i) x[i] = kept(base, first + i, threshold) ? x[i] * scale : 0.0F;
}

SVHN_VECTOR_CLONES
void widen(const std::uint16_t* __restrict in, float* __restrict out, std::int64_t count) {
  for (std::int64_t i = 0; i < count; ++i) out[i] = to_float(in[i]);
}

SVHN_VECTOR_CLONES
void narrow(const float* __restrict in, std::uint16_t* __restrict out, std::int64_t count) {
  for (std::int64_t i = 0; i < count; ++i) out[i] = to_bfloat16(in[i]);
}

void widen(const float* in, float* out, std::int64_t count) {
  std::copy_n(in, count, out);
}

void narrow(const float* in, float* out, std::int64_t count) {
  std::copy_n(in, count, out);
}

SVHN_VECTOR_CLONES
void sum_gradients(const float* g, const float* x, std::int64_t pixels, std::int64_t channels,
                   const GradientSums& sums) {
  sum_gradients_as(g, x, pixels, channels, sums);
}

SVHN_VECTOR_CLONES
void sum_gradients(const float* g, const std::uint16_t* x, std::int64_t pixels, std::int64_t channels,
                   const GradientSums& sums) {
  sum_gradients_as(g, x, pixels, channels, sums);
}

SVHN_VECTOR_CLONES
void input_gradients(BlockActivation activation, const float* g, const float* x, float* dx,
                     std::int64_t pixels, std::int64_t channels, const GradientCoefficients& coefficients) {
  SVHN_FOR_EACH_ACTIVATION(activation, input_gradients_as, g, x, dx, pixels, channels, coefficients);
}

SVHN_VECTOR_CLONES void input_gradients(BlockActivation activation, const float* g, const std::uint16_t* x,
                                        std::uint16_t* dx, std::int64_t pixels, std::int64_t channels,
                                        const GradientCoefficients& coefficients) {
  SVHN_FOR_EACH_ACTIVATION(activation, input_gradients_as, g, x, dx, pixels, channels, coefficients);
}

}  // namespace svhn::kernels
