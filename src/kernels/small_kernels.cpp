#include "kernels/small_kernels.h"

#include <cstring>

#include "core/vector_clones.h"

namespace svhn::kernels {
namespace {

constexpr std::int64_t kFloatLanes = 16;

template <std::int64_t kCount>
struct FloatLanes {
  using Float [[gnu::vector_size(kCount * 4)]] = float;
};

/// Some pixels and channels, so that a weight that was loaded serves several pixels.
template <std::int64_t kCount, std::int64_t kPixels>
SVHN_INLINE void correlate_tile(const TapLines& taps, const float* weight, float* y, std::int64_t first) {
  using Float = typename FloatLanes<kCount>::Float;
  Float sums[kPixels] = {};
  for (std::int64_t tap = 0; tap < taps.taps; ++tap) {
    Float w;
    std::memcpy(&w, weight + tap * taps.channels, sizeof(w));
    const float* line = taps.lines[tap] + first;
    for (std::int64_t p = 0; p < kPixels; ++p) sums[p] += w * line[p];
  }
  for (std::int64_t p = 0; p < kPixels; ++p) {
    std::memcpy(y + (first + p) * taps.channels, &sums[p], sizeof(Float));
  }
}

template <std::int64_t kCount>
SVHN_INLINE void correlate_channels(const TapLines& taps, const float* weight, float* y) {
  constexpr std::int64_t kPixels = 4;
  std::int64_t p = 0;
  for (; p + kPixels <= taps.pixels; p += kPixels) correlate_tile<kCount, kPixels>(taps, weight, y, p);
  for (; p < taps.pixels; ++p) correlate_tile<kCount, 1>(taps, weight, y, p);
}

/// Some taps and channels, so that a gradient that was loaded serves several taps.
template <std::int64_t kCount, std::int64_t kTaps>
SVHN_INLINE void gradient_tile(const TapLines& taps, const float* g, float* weight, std::int64_t first) {
  using Float = typename FloatLanes<kCount>::Float;
  Float sums[kTaps];
  for (std::int64_t t = 0; t < kTaps; ++t) {
    std::memcpy(&sums[t], weight + (first + t) * taps.channels, sizeof(Float));
  }
  for (std::int64_t p = 0; p < taps.pixels; ++p) {
    Float gradient;
    std::memcpy(&gradient, g + p * taps.channels, sizeof(gradient));
    for (std::int64_t t = 0; t < kTaps; ++t) sums[t] += gradient * taps.lines[first + t][p];
  }
  for (std::int64_t t = 0; t < kTaps; ++t) {
    std::memcpy(weight + (first + t) * taps.channels, &sums[t], sizeof(Float));
  }
}

template <std::int64_t kCount>
SVHN_INLINE void gradient_channels(const TapLines& taps, const float* g, float* weight) {
  constexpr std::int64_t kTaps = 5;
  std::int64_t tap = 0;
  for (; tap + kTaps <= taps.taps; tap += kTaps) gradient_tile<kCount, kTaps>(taps, g, weight, tap);
  for (; tap < taps.taps; ++tap) gradient_tile<kCount, 1>(taps, g, weight, tap);
}

}  // namespace

SVHN_VECTOR_CLONES
void correlate_line(const TapLines& taps, const float* weight, float* y) {
  std::int64_t c = 0;
  for (; c + kFloatLanes <= taps.channels; c += kFloatLanes)
    correlate_channels<kFloatLanes>(taps, weight + c, y + c);
  for (; c < taps.channels; ++c) correlate_channels<1>(taps, weight + c, y + c);
}

SVHN_VECTOR_CLONES
void add_tap_gradients(const TapLines& taps, const float* g, float* weight) {
  std::int64_t c = 0;
  for (; c + kFloatLanes <= taps.channels; c += kFloatLanes)
    gradient_channels<kFloatLanes>(taps, g + c, weight + c);
  for (; c < taps.channels; ++c) gradient_channels<1>(taps, g + c, weight + c);
}

}  // namespace svhn::kernels
