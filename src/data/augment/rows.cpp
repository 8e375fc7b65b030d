#include "data/augment/tile.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <vector>

#include "core/vector_clones.h"

namespace svhn::data {
namespace {

/// For each pixel of an output row: the input pixel above and to the left of its coordinates, and the
/// distance to it.
struct Taps {
  void resize(std::size_t n) {
    for (auto* numbers : {&at, &outside}) numbers->resize(n);
    for (auto* numbers : {&down, &right}) numbers->resize(n);
    for (auto* numbers : {&above, &below}) numbers->resize(2 * n);
  }

  std::vector<std::int32_t> at;
  std::vector<std::int32_t> outside;  ///< 0 or 1, for Fill::constant.
  std::vector<float> down, right;
  std::vector<float> above, below;  ///< The pixels to the left and right of the coordinates.
};

/// The input coordinates of an output row on one axis.
struct Axis {
  double first;
  double step;
  double offset;
  double last;  ///< The last pixel.

  /// Summed in scipy's order: `constant` and `wrap` are discontinuous, so the last bit matters.
  [[nodiscard]] double at(std::int32_t i) const { return first + static_cast<double>(i) * step + offset; }
  [[nodiscard]] bool is_outside(double coordinate) const { return coordinate < 0.0 || coordinate > last; }
};

/// Maps a coordinate into the image by mirroring, which is continuous.
SVHN_INLINE double reflected(double at, double last) {
  const double period = 2.0 * (last + 1.0), from_mirror = at + 0.5;
  const double beyond = from_mirror - period * std::floor(from_mirror / period);
  return (beyond < period - beyond ? beyond : period - beyond) - 0.5;
}

/// scipy's wrapping with the same operations: a coordinate on the boundary must fall to the same side.
SVHN_INLINE double wrapped(double at, double last) {
  const double period = last > 0.0 ? last : 1.0;
  const double raised = at + period * (std::trunc(-at / period) + 1.0);
  const double lowered = at - period * std::trunc(at / period);
  const double folded = at < 0.0 ? raised : lowered;
  return at < 0.0 || at > last ? folded : at;
}

/// @returns the coordinate inside the image that is read for `at`.
template <Fill fill>
SVHN_INLINE double clamped(double at, double last) {
  double inside = at;
  if constexpr (fill == Fill::reflect) inside = reflected(at, last);
  if constexpr (fill == Fill::wrap) inside = wrapped(at, last);
  const double low = inside > 0.0 ? inside : 0.0;  // Compiles to one instruction.
  return low < last ? low : last;
}

template <Fill fill>
SVHN_INLINE void find(const Axis& y_axis, const Axis& x_axis, Taps& taps) {
  const Axis y = y_axis, x = x_axis;
  std::int32_t* const __restrict at = taps.at.data();
  std::int32_t* const __restrict outside = taps.outside.data();
  float* const __restrict down = taps.down.data();
  float* const __restrict right = taps.right.data();
  const auto count = static_cast<std::int32_t>(taps.at.size());
  for (std::int32_t i = 0; i < count; ++i) {
    const double row = clamped<fill>(y.at(i), y.last), column = clamped<fill>(x.at(i), x.last);
    const auto top = static_cast<std::int32_t>(row), left = static_cast<std::int32_t>(column);
    at[i] = top * (count + 1) + left;
    down[i] = static_cast<float>(row - static_cast<double>(top));
    right[i] = static_cast<float>(column - static_cast<double>(left));
    if constexpr (fill == Fill::constant) outside[i] = y.is_outside(y.at(i)) || x.is_outside(x.at(i)) ? 1 : 0;
  }
}

using Find = void (*)(const Axis& y, const Axis& x, Taps& taps);

SVHN_VECTOR_CLONES
void find_nearest(const Axis& y, const Axis& x, Taps& taps) {
  find<Fill::nearest>(y, x, taps);
}

SVHN_VECTOR_CLONES
void find_constant(const Axis& y, const Axis& x, Taps& taps) {
  find<Fill::constant>(y, x, taps);
}

SVHN_VECTOR_CLONES
void find_reflect(const Axis& y, const Axis& x, Taps& taps) {
  find<Fill::reflect>(y, x, taps);
}

SVHN_VECTOR_CLONES
void find_wrap(const Axis& y, const Axis& x, Taps& taps) {
  find<Fill::wrap>(y, x, taps);
}

Find find_of(Fill fill) {
  switch (fill) {
    case Fill::constant:
      return find_constant;
    case Fill::reflect:
      return find_reflect;
    case Fill::wrap:
      return find_wrap;
    case Fill::nearest:
      break;
  }
  return find_nearest;
}

SVHN_INLINE std::int32_t clamped(std::uint32_t sum, bool mirrored) {
  const std::uint32_t beyond = sum + FixedCoordinates::kToMirror;
  const std::uint32_t folded = std::min(beyond, 0U - beyond) - FixedCoordinates::kToMirror;
  const auto coordinate = static_cast<std::int32_t>(mirrored ? folded : sum);
  return std::clamp(coordinate, FixedCoordinates::kLowest, FixedCoordinates::kHighest);
}

SVHN_VECTOR_CLONES
void find_fixed(const FixedCoordinates& fixed, std::size_t row, Taps& taps) {
  const std::uint32_t y0 = fixed.row[row], x0 = fixed.column[row];
  std::int32_t* const __restrict at = taps.at.data();
  float* const __restrict down = taps.down.data();
  float* const __restrict right = taps.right.data();
  const bool mirrored = fixed.mirrored;
  constexpr float kUnit = 1.0F / static_cast<float>(FixedCoordinates::kOne);
  for (std::size_t i = 0; i < kTileSide; ++i) {
    const std::int32_t y = clamped(y0 + fixed.down[i], mirrored), x = clamped(x0 + fixed.right[i], mirrored);
    const std::int32_t top = (y >> FixedCoordinates::kFractionBits) + kTileSide / 2;
    at[i] = top * (kTileSide + 1) + (x >> FixedCoordinates::kFractionBits) + kTileSide / 2;
    down[i] = static_cast<float>(y & (FixedCoordinates::kOne - 1)) * kUnit;
    right[i] = static_cast<float>(x & (FixedCoordinates::kOne - 1)) * kUnit;
  }
}

SVHN_VECTOR_CLONES
void mix(const Taps& taps, float* __restrict out) {
  const float* const above = taps.above.data();
  const float* const below = taps.below.data();
  const float* const down = taps.down.data();
  const float* const right = taps.right.data();
  for (std::size_t i = 0; i < taps.at.size(); ++i) {
    const float upper = above[2 * i] + right[i] * (above[2 * i + 1] - above[2 * i]);
    const float lower = below[2 * i] + right[i] * (below[2 * i + 1] - below[2 * i]);
    out[i] = upper + down[i] * (lower - upper);
  }
}

SVHN_VECTOR_CLONES
void fill_outside(const Taps& taps, float value, float* __restrict out) {
  const std::int32_t* const outside = taps.outside.data();
  for (std::size_t i = 0; i < taps.at.size(); ++i) out[i] = outside[i] != 0 ? value : out[i];
}

class RowTransform {
 public:
  explicit RowTransform(const ImageShape& shape)
      : shape_(shape), stride_(shape.width + 1), padded_(scratch().padded), taps_(scratch().taps) {
    padded_.resize(static_cast<std::size_t>(shape.channels * (shape.height + 1) * stride_));
    taps_.resize(static_cast<std::size_t>(shape.width));
  }

  /// @param find_row computes the taps of a row. @param outside value of the pixels outside the
  /// image, or null.
  template <class FindRow>
  void operator()(float* chw, const FindRow& find_row, const float* outside = nullptr) {
    const auto [channels, height, width] = shape_;
    pad(chw);
    for (std::int64_t row = 0; row < height; ++row) {
      find_row(row, taps_);
      for (std::int64_t c = 0; c < channels; ++c) {
        float* out = chw + (c * height + row) * width;
        read(padded_.data() + c * (height + 1) * stride_, out);
        if (outside != nullptr) fill_outside(taps_, *outside, out);
      }
    }
  }

 private:
  struct Scratch {
    std::vector<float> padded;
    Taps taps;
  };

  /// One buffer per thread: an allocation per image would take a noticeable part of the time.
  static Scratch& scratch() {
    thread_local Scratch own;
    return own;
  }

  /// Repeats the last row and column, so that every pixel has a neighbour on its right and below.
  void pad(const float* chw) {
    float* to = padded_.data();
    for (std::int64_t c = 0; c < shape_.channels; ++c) {
      for (std::int64_t row = 0; row <= shape_.height; ++row, to += stride_) {
        const float* from = chw + (c * shape_.height + std::min(row, shape_.height - 1)) * shape_.width;
        std::copy_n(from, shape_.width, to);
        to[shape_.width] = from[shape_.width - 1];
      }
    }
  }

  /// @param plane padded. @param out a row of the result.
  void read(const float* plane, float* out) {
    constexpr std::size_t kPair = 2 * sizeof(float);
    // Local copies; the compiler would reload the members after every store.
    const std::int32_t* const at = taps_.at.data();
    float* const above = taps_.above.data();
    float* const below = taps_.below.data();
    const auto stride = stride_;
    const std::size_t count = taps_.at.size();
    for (std::size_t i = 0; i < count; ++i) {
      const float* pixel = plane + at[i];
      std::memcpy(above + 2 * i, pixel, kPair);
      std::memcpy(below + 2 * i, pixel + stride, kPair);
    }
    mix(taps_, out);
  }

  ImageShape shape_;
  std::int64_t stride_;
  std::vector<float>& padded_;  ///< [C,H+1,W+1]
  Taps& taps_;                  ///< Taps of one row.
};

/// @returns `pixels` in units of 2^-26, modulo 2^32.
std::uint32_t fixed(double pixels) {
  // The last bit of a double of this magnitude is 2^-26.
  constexpr double kLastBit = 1.5 * static_cast<double>(FixedCoordinates::kOne);
  return static_cast<std::uint32_t>(std::bit_cast<std::uint64_t>(pixels + kLastBit));
}

/// On one axis, relative to the middle. @param origin input coordinate of output pixel (0, 0).
bool fits(double origin, double by_row, double by_column, Fill fill) {
  constexpr double kLimit = 31.999, kLast = kTileSide - 1;
  if (fill == Fill::reflect) {
    // Only the bits of the sums below 2^32 must be exact.
    return std::abs(origin) + kLast * (std::abs(by_row) + std::abs(by_column)) < 1 << 20;
  }
  const double low = origin + kLast * (std::min(by_row, 0.0) + std::min(by_column, 0.0));
  const double high = origin + kLast * (std::max(by_row, 0.0) + std::max(by_column, 0.0));
  return low > -kLimit && high < kLimit;
}

}  // namespace

std::optional<FixedCoordinates> fixed_coordinates(const AffineTransform& transform) {
  constexpr double kMiddle = kTileSide / 2.0;
  const AffineMatrix& m = transform.matrix;
  if (transform.fill != Fill::nearest && transform.fill != Fill::reflect) return std::nullopt;
  if (!fits(m[2] - kMiddle, m[0], m[1], transform.fill)) return std::nullopt;
  if (!fits(m[5] - kMiddle, m[3], m[4], transform.fill)) return std::nullopt;
  FixedCoordinates coordinates;
  coordinates.mirrored = transform.fill == Fill::reflect;
  for (std::size_t i = 0; i < kTileSide; ++i) {
    const auto at = static_cast<double>(i);
    coordinates.row[i] = fixed(at * m[0] + (m[2] - kMiddle));
    coordinates.column[i] = fixed(at * m[3] + (m[5] - kMiddle));
    coordinates.down[i] = fixed(at * m[1]);
    coordinates.right[i] = fixed(at * m[4]);
  }
  return coordinates;
}

void transform_tile(float* chw, std::int64_t channels, const FixedCoordinates& fixed) {
  RowTransform({channels, kTileSide, kTileSide})(chw, [&fixed](std::int64_t row, Taps& taps) {
    find_fixed(fixed, static_cast<std::size_t>(row), taps);
  });
}

void transform_rows(float* chw, const AffineTransform& transform) {
  const ImageShape& shape = transform.shape;
  const AffineMatrix& m = transform.matrix;
  const auto bottom = static_cast<double>(shape.height - 1), edge = static_cast<double>(shape.width - 1);
  const Find find_row = find_of(transform.fill);
  const auto taps_of = [&](std::int64_t row, Taps& taps) {
    const auto r = static_cast<double>(row);
    find_row({r * m[0], m[1], m[2], bottom}, {r * m[3], m[4], m[5], edge}, taps);
  };
  RowTransform{shape}(chw, taps_of, transform.fill == Fill::constant ? &transform.fill_value : nullptr);
}

}  // namespace svhn::data
