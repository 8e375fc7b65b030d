#include "data/augment/tile.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <vector>

#include "core/vector_clones.h"

namespace svhn::data {
namespace {

/// For each pixel of a row of the result: the one above its place and to the left, and how far beyond it
/// lies.
struct Places {
  void resize(std::size_t n) {
    for (auto* numbers : {&at, &outside}) numbers->resize(n);
    for (auto* numbers : {&down, &right}) numbers->resize(n);
    for (auto* numbers : {&above, &below}) numbers->resize(2 * n);
  }

  std::vector<std::int32_t> at;
  std::vector<std::int32_t> outside;  ///< 0 or 1, for Fill::constant.
  std::vector<float> down, right;
  std::vector<float> above, below;  ///< The pixels to the left and right of the places.
};

/// A row's places on one axis of the image.
struct Axis {
  double first;
  double step;
  double offset;
  double last;  ///< The last pixel.

  /// Summed in scipy's order: at the seams of `constant` and `wrap` the last bit decides.
  [[nodiscard]] double at(std::int32_t i) const { return first + static_cast<double>(i) * step + offset; }
  [[nodiscard]] bool lacks(double place) const { return place < 0.0 || place > last; }
};

/// On the endless mirrored image, which is continuous.
SVHN_INLINE double reflected(double at, double last) {
  const double period = 2.0 * (last + 1.0), from_mirror = at + 0.5;
  const double beyond = from_mirror - period * std::floor(from_mirror / period);
  return (beyond < period - beyond ? beyond : period - beyond) - 0.5;
}

/// scipy's folding, step by step: a place on the seam must fall to the same side.
SVHN_INLINE double wrapped(double at, double last) {
  const double period = last > 0.0 ? last : 1.0;
  const double raised = at + period * (std::trunc(-at / period) + 1.0);
  const double lowered = at - period * std::trunc(at / period);
  const double folded = at < 0.0 ? raised : lowered;
  return at < 0.0 || at > last ? folded : at;
}

/// @returns the place in the image that is read for `at`.
template <Fill fill>
SVHN_INLINE double held(double at, double last) {
  double place = at;
  if constexpr (fill == Fill::reflect) place = reflected(at, last);
  if constexpr (fill == Fill::wrap) place = wrapped(at, last);
  const double low = place > 0.0 ? place : 0.0;  // In the form that is one instruction.
  return low < last ? low : last;
}

template <Fill fill>
SVHN_INLINE void find(const Axis& y_axis, const Axis& x_axis, Places& places) {
  const Axis y = y_axis, x = x_axis;
  std::int32_t* const __restrict at = places.at.data();
  std::int32_t* const __restrict outside = places.outside.data();
  float* const __restrict down = places.down.data();
  float* const __restrict right = places.right.data();
  const auto count = static_cast<std::int32_t>(places.at.size());
  for (std::int32_t i = 0; i < count; ++i) {
    const double row = held<fill>(y.at(i), y.last), column = held<fill>(x.at(i), x.last);
    const auto top = static_cast<std::int32_t>(row), left = static_cast<std::int32_t>(column);
    at[i] = top * (count + 1) + left;
    down[i] = static_cast<float>(row - static_cast<double>(top));
    right[i] = static_cast<float>(column - static_cast<double>(left));
    if constexpr (fill == Fill::constant) outside[i] = y.lacks(y.at(i)) || x.lacks(x.at(i)) ? 1 : 0;
  }
}

using Find = void (*)(const Axis& y, const Axis& x, Places& places);

SVHN_VECTOR_CLONES
void find_nearest(const Axis& y, const Axis& x, Places& places) {
  find<Fill::nearest>(y, x, places);
}

SVHN_VECTOR_CLONES
void find_constant(const Axis& y, const Axis& x, Places& places) {
  find<Fill::constant>(y, x, places);
}

SVHN_VECTOR_CLONES
void find_reflect(const Axis& y, const Axis& x, Places& places) {
  find<Fill::reflect>(y, x, places);
}

SVHN_VECTOR_CLONES
void find_wrap(const Axis& y, const Axis& x, Places& places) {
  find<Fill::wrap>(y, x, places);
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

SVHN_INLINE std::int32_t held(std::uint32_t sum, bool mirrored) {
  const std::uint32_t beyond = sum + FixedPlaces::kToMirror;
  const std::uint32_t folded = std::min(beyond, 0U - beyond) - FixedPlaces::kToMirror;
  const auto place = static_cast<std::int32_t>(mirrored ? folded : sum);
  return std::clamp(place, FixedPlaces::kLowest, FixedPlaces::kHighest);
}

SVHN_VECTOR_CLONES
void find_fixed(const FixedPlaces& fixed, std::size_t row, Places& places) {
  const std::uint32_t y0 = fixed.row[row], x0 = fixed.column[row];
  std::int32_t* const __restrict at = places.at.data();
  float* const __restrict down = places.down.data();
  float* const __restrict right = places.right.data();
  const bool mirrored = fixed.mirrored;
  constexpr float kUnit = 1.0F / static_cast<float>(FixedPlaces::kOne);
  for (std::size_t i = 0; i < kTileSide; ++i) {
    const std::int32_t y = held(y0 + fixed.down[i], mirrored), x = held(x0 + fixed.right[i], mirrored);
    const std::int32_t top = (y >> FixedPlaces::kFractionBits) + kTileSide / 2;
    at[i] = top * (kTileSide + 1) + (x >> FixedPlaces::kFractionBits) + kTileSide / 2;
    down[i] = static_cast<float>(y & (FixedPlaces::kOne - 1)) * kUnit;
    right[i] = static_cast<float>(x & (FixedPlaces::kOne - 1)) * kUnit;
  }
}

SVHN_VECTOR_CLONES
void mix(const Places& places, float* __restrict out) {
  const float* const above = places.above.data();
  const float* const below = places.below.data();
  const float* const down = places.down.data();
  const float* const right = places.right.data();
  for (std::size_t i = 0; i < places.at.size(); ++i) {
    const float upper = above[2 * i] + right[i] * (above[2 * i + 1] - above[2 * i]);
    const float lower = below[2 * i] + right[i] * (below[2 * i + 1] - below[2 * i]);
    out[i] = upper + down[i] * (lower - upper);
  }
}

SVHN_VECTOR_CLONES
void fill_outside(const Places& places, float value, float* __restrict out) {
  const std::int32_t* const outside = places.outside.data();
  for (std::size_t i = 0; i < places.at.size(); ++i) out[i] = outside[i] != 0 ? value : out[i];
}

class RowTransform {
 public:
  explicit RowTransform(const ImageShape& shape)
      : shape_(shape), stride_(shape.width + 1), padded_(scratch().padded), places_(scratch().places) {
    padded_.resize(static_cast<std::size_t>(shape.channels * (shape.height + 1) * stride_));
    places_.resize(static_cast<std::size_t>(shape.width));
  }

  /// @param find_row fills in the Places of a row. @param outside what is there where they say so, or null.
  template <class FindRow>
  void operator()(float* chw, const FindRow& find_row, const float* outside = nullptr) {
    const auto [channels, height, width] = shape_;
    pad(chw);
    for (std::int64_t row = 0; row < height; ++row) {
      find_row(row, places_);
      for (std::int64_t c = 0; c < channels; ++c) {
        float* out = chw + (c * height + row) * width;
        read(padded_.data() + c * (height + 1) * stride_, out);
        if (outside != nullptr) fill_outside(places_, *outside, out);
      }
    }
  }

 private:
  struct Scratch {
    std::vector<float> padded;
    Places places;
  };

  /// A thread's own: memory for each image would cost as much as a part of the transform.
  static Scratch& scratch() {
    thread_local Scratch own;
    return own;
  }

  /// Repeats the last row and column, so that every place has a neighbour on its right and below.
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
    // Copies of what the compiler must otherwise read again after every store.
    const std::int32_t* const at = places_.at.data();
    float* const above = places_.above.data();
    float* const below = places_.below.data();
    const auto stride = stride_;
    const std::size_t count = places_.at.size();
    for (std::size_t i = 0; i < count; ++i) {
      const float* pixel = plane + at[i];
      std::memcpy(above + 2 * i, pixel, kPair);
      std::memcpy(below + 2 * i, pixel + stride, kPair);
    }
    mix(places_, out);
  }

  ImageShape shape_;
  std::int64_t stride_;
  std::vector<float>& padded_;  ///< [C,H+1,W+1]
  Places& places_;              ///< Of one row.
};

/// @returns units of 2^-26, modulo 2^32.
std::uint32_t fixed(double pixels) {
  // A double of this size ends in 2^-26.
  constexpr double kLastBit = 1.5 * static_cast<double>(FixedPlaces::kOne);
  return static_cast<std::uint32_t>(std::bit_cast<std::uint64_t>(pixels + kLastBit));
}

/// On one axis, counted from the middle. @param origin the place of pixel (0, 0).
bool fits(double origin, double by_row, double by_column, Fill fill) {
  constexpr double kLimit = 31.999, kLast = kTileSide - 1;
  if (fill == Fill::reflect) {
    // All that counts is that the sums' bits below 2^32 are right.
    return std::abs(origin) + kLast * (std::abs(by_row) + std::abs(by_column)) < 1 << 20;
  }
  const double low = origin + kLast * (std::min(by_row, 0.0) + std::min(by_column, 0.0));
  const double high = origin + kLast * (std::max(by_row, 0.0) + std::max(by_column, 0.0));
  return low > -kLimit && high < kLimit;
}

}  // namespace

std::optional<FixedPlaces> fixed_places(const AffineTransform& transform) {
  constexpr double kMiddle = kTileSide / 2.0;
  const AffineMatrix& m = transform.matrix;
  if (transform.fill != Fill::nearest && transform.fill != Fill::reflect) return std::nullopt;
  if (!fits(m[2] - kMiddle, m[0], m[1], transform.fill)) return std::nullopt;
  if (!fits(m[5] - kMiddle, m[3], m[4], transform.fill)) return std::nullopt;
  FixedPlaces places;
  places.mirrored = transform.fill == Fill::reflect;
  for (std::size_t i = 0; i < kTileSide; ++i) {
    const auto at = static_cast<double>(i);
    places.row[i] = fixed(at * m[0] + (m[2] - kMiddle));
    places.column[i] = fixed(at * m[3] + (m[5] - kMiddle));
    places.down[i] = fixed(at * m[1]);
    places.right[i] = fixed(at * m[4]);
  }
  return places;
}

void transform_tile(float* chw, std::int64_t channels, const FixedPlaces& fixed) {
  RowTransform({channels, kTileSide, kTileSide})(chw, [&fixed](std::int64_t row, Places& places) {
    find_fixed(fixed, static_cast<std::size_t>(row), places);
  });
}

void transform_rows(float* chw, const AffineTransform& transform) {
  const ImageShape& shape = transform.shape;
  const AffineMatrix& m = transform.matrix;
  const auto bottom = static_cast<double>(shape.height - 1), edge = static_cast<double>(shape.width - 1);
  const Find find_row = find_of(transform.fill);
  const auto places_of = [&](std::int64_t row, Places& places) {
    const auto r = static_cast<double>(row);
    find_row({r * m[0], m[1], m[2], bottom}, {r * m[3], m[4], m[5], edge}, places);
  };
  RowTransform{shape}(chw, places_of, transform.fill == Fill::constant ? &transform.fill_value : nullptr);
}

}  // namespace svhn::data
