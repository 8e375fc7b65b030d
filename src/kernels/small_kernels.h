#pragma once
/// The inner loops of small_convolution on one line of output: W pixels of O channels, channels innermost. A
/// tap is a place of the kernel; its input line is read at one float a pixel.

#include <cstdint>

namespace svhn::kernels {

struct TapLines {
  const float* const* lines;  ///< One a tap, of `pixels` floats each.
  std::int64_t taps;
  std::int64_t pixels;
  std::int64_t channels;  ///< O
};

/// y[w][o] = sum over taps of line[w] weight[tap][o].
void correlate_line(const TapLines& taps, const float* weight, float* y);

/// weight[tap][o] += sum over w of line[w] g[w][o].
void add_tap_gradients(const TapLines& taps, const float* g, float* weight);

}  // namespace svhn::kernels
