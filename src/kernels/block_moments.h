#pragma once
/// The statistics that a NormBlock normalises by. C = channels.

#include <torch/types.h>

#include <cmath>
#include <cstdint>
#include <vector>

#include "distributed/moments.h"
#include "kernels/block_lines.h"
#include "kernels/norm_block.h"

namespace svhn::kernels {

template <class T>
T* numbers_in(const torch::Tensor& x) {
  return static_cast<T*>(x.data_ptr());
}

/// @param sums of x - shift and of its squares, [2 C].
inline distributed::ChannelMoments own_moments(const std::vector<double>& sums, const Floats& shift,
                                               std::int64_t pixels) {
  const auto channels = static_cast<std::int64_t>(shift.size());
  const auto n = static_cast<double>(pixels);
  distributed::ChannelMoments m{at::empty({channels}, torch::kFloat64),
                                at::empty({channels}, torch::kFloat64), n};
  for (std::int64_t c = 0; c < channels; ++c) {
    const double mean = sums[c] / n;
    // Rounding may leave a constant channel below zero; a NaN stays one.
    const double spread = sums[channels + c] / n - mean * mean;
    numbers_in<double>(m.mean)[c] = mean + static_cast<double>(shift[c]);
    numbers_in<double>(m.variance)[c] = spread < 0.0 ? 0.0 : spread;
  }
  return m;
}

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

/// dx = w d (g - mean(g) - xhat mean(g xhat)) with xhat = (x - mean) d, spelled as a line in x.
struct BackwardLine {
  Floats scale, slope, offset;

  /// @param sums of g and of g (x - mean) over all images, [2 C].
  BackwardLine(const std::vector<double>& sums, const float* weight, const Moments& moments) {
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

/// The gradients of a block's weight and bias, [C] each. @param own sums as above, of this process' images.
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
