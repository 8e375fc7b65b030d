#include "augment_nearest.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <vector>

#include "svhn/compute/vector_clones.h"

namespace svhn::data {
namespace {

/// For each pixel of a row of the result: the one above its place and to the left, and how far beyond it
/// lies.
struct Places {
  void resize(std::size_t n) {
    at.resize(n);
    for (auto* numbers : {&down, &right}) numbers->resize(n);
    for (auto* numbers : {&above, &below}) numbers->resize(2 * n);
  }

  std::vector<std::int32_t> at;
  std::vector<float> down, right;
  std::vector<float> above, below;  ///< The pixels to the left and right of the places.
};

/// A row's places on one axis of the image.
struct Axis {
  double first;
  double step;
  double last;

  [[nodiscard]] double at(std::int32_t i) const {
    const double place = first + static_cast<double>(i) * step;
    const double low = place > 0.0 ? place : 0.0;  // In the form that is one instruction.
    return low < last ? low : last;
  }
};

SVHN_VECTOR_CLONES
void find_places(const Axis& y_axis, const Axis& x_axis, std::int64_t stride, Places& places) {
  const Axis y = y_axis, x = x_axis;
  std::int32_t* const __restrict at = places.at.data();
  float* const __restrict down = places.down.data();
  float* const __restrict right = places.right.data();
  const auto count = static_cast<std::int32_t>(places.at.size());
  const auto rows = static_cast<std::int32_t>(stride);
  for (std::int32_t i = 0; i < count; ++i) {
    const double row = y.at(i), column = x.at(i);
    const auto top = static_cast<std::int32_t>(row), left = static_cast<std::int32_t>(column);
    at[i] = top * rows + left;
    down[i] = static_cast<float>(row - static_cast<double>(top));
    right[i] = static_cast<float>(column - static_cast<double>(left));
  }
}

SVHN_VECTOR_CLONES
void find_fixed(const FixedPlaces& fixed, std::size_t row, Places& places) {
  using P = FixedPlaces;
  const std::uint32_t y0 = fixed.row[row], x0 = fixed.column[row];
  std::int32_t* const __restrict at = places.at.data();
  float* const __restrict down = places.down.data();
  float* const __restrict right = places.right.data();
  constexpr float kUnit = 1.0F / static_cast<float>(P::kOne);
  for (std::size_t i = 0; i < kTileSide; ++i) {
    const auto y = std::clamp(static_cast<std::int32_t>(y0 + fixed.down[i]), P::kLowest, P::kHighest);
    const auto x = std::clamp(static_cast<std::int32_t>(x0 + fixed.right[i]), P::kLowest, P::kHighest);
    const std::int32_t top = (y >> P::kFractionBits) + kTileSide / 2;
    at[i] = top * (kTileSide + 1) + (x >> P::kFractionBits) + kTileSide / 2;
    down[i] = static_cast<float>(y & (P::kOne - 1)) * kUnit;
    right[i] = static_cast<float>(x & (P::kOne - 1)) * kUnit;
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

class NearestTransform {
 public:
  explicit NearestTransform(const ImageShape& shape)
      : shape_(shape), stride_(shape.width + 1), padded_(scratch().padded), places_(scratch().places) {
    padded_.resize(static_cast<std::size_t>(shape.channels * (shape.height + 1) * stride_));
    places_.resize(static_cast<std::size_t>(shape.width));
  }

  /// @param find fills in the Places of a row.
  template <class Find>
  void operator()(float* chw, const Find& find) {
    const auto [channels, height, width] = shape_;
    pad(chw);
    for (std::int64_t row = 0; row < height; ++row) {
      find(row, places_);
      for (std::int64_t c = 0; c < channels; ++c) {
        read(padded_.data() + c * (height + 1) * stride_, chw + (c * height + row) * width);
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

/// Places on one axis: `first` is that of pixel (0, 0).
bool fits(double first, double by_row, double by_column) {
  constexpr double kLimit = 31.999, kLast = kTileSide - 1;
  const double low = first + kLast * (std::min(by_row, 0.0) + std::min(by_column, 0.0));
  const double high = first + kLast * (std::max(by_row, 0.0) + std::max(by_column, 0.0));
  return low > -kLimit && high < kLimit;
}

}  // namespace

std::optional<FixedPlaces> fixed_places(const AffineMatrix& m) {
  constexpr double kMiddle = kTileSide / 2;
  if (!fits(m[2] - kMiddle, m[0], m[1]) || !fits(m[5] - kMiddle, m[3], m[4])) return std::nullopt;
  FixedPlaces places;
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
  NearestTransform({channels, kTileSide, kTileSide})(chw, [&fixed](std::int64_t row, Places& places) {
    find_fixed(fixed, static_cast<std::size_t>(row), places);
  });
}

void transform_nearest(float* chw, const ImageShape& shape, const AffineMatrix& m) {
  if (shape.height == kTileSide && shape.width == kTileSide) {
    static const TileTransform wide = wide_tile_transform();
    const auto places = fixed_places(m);
    if (places) return (wide != nullptr ? wide : transform_tile)(chw, shape.channels, *places);
  }
  const auto bottom = static_cast<double>(shape.height - 1), edge = static_cast<double>(shape.width - 1);
  NearestTransform{shape}(chw, [&](std::int64_t row, Places& places) {
    const auto r = static_cast<double>(row);
    find_places({r * m[0] + m[2], m[1], bottom}, {r * m[3] + m[5], m[4], edge}, shape.width + 1, places);
  });
}

}  // namespace svhn::data
