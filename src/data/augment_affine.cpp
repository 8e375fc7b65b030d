#include "svhn/data/augment_affine.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <numbers>
#include <vector>

#include "svhn/compute/vector_clones.h"
#include "svhn/core/error.h"

namespace svhn::data {
namespace {

/// The linear part (row by row) and the offset, as AffineMatrix orders them.
AffineMatrix product(const AffineMatrix& x, const AffineMatrix& y) {
  return {x[0] * y[0] + x[1] * y[3], x[0] * y[1] + x[1] * y[4], x[0] * y[2] + x[1] * y[5] + x[2],
          x[3] * y[0] + x[4] * y[3], x[3] * y[1] + x[4] * y[4], x[3] * y[2] + x[4] * y[5] + x[5]};
}

double radians(double degrees) {
  return degrees * (std::numbers::pi / 180.0);
}

/// Two neighbours on an axis and the share of the second.
struct Tap {
  std::int64_t low = 0;
  std::int64_t high = 0;
  double share = 0.0;
  bool inside = true;
};

/// @param at in [0, n - 1].
Tap tap_inside(double at, std::int64_t n) {
  const auto low = static_cast<std::int64_t>(at);
  return {low, std::min(low + 1, n - 1), at - static_cast<double>(low), true};
}

/// The pixel of the endless mirrored image, period 2n.
std::int64_t mirrored(double at, std::int64_t n) {
  const auto period = static_cast<double>(2 * n);
  const auto in_period = static_cast<std::int64_t>(at - period * std::floor(at / period));
  return std::clamp<std::int64_t>(in_period < n ? in_period : 2 * n - 1 - in_period, 0, n - 1);
}

Tap tap_reflect(double at, std::int64_t n) {
  const double low = std::floor(at);
  return {mirrored(low, n), mirrored(low + 1.0, n), at - low, true};
}

/// scipy's folding, step by step: a place on the seam must fall to the same side.
double wrapped(double at, std::int64_t n) {
  if (n == 1) return 0.0;
  const auto period = static_cast<double>(n - 1);
  const double folded =
      at < 0.0 ? at + period * (std::trunc(-at / period) + 1.0) : at - period * std::trunc(at / period);
  return std::clamp(folded, 0.0, period);
}

template <Fill fill>
Tap tap(double at, std::int64_t n) {
  const auto last = static_cast<double>(n - 1);
  if (at >= 0.0 && at <= last) return tap_inside(at, n);
  if constexpr (fill == Fill::reflect) return tap_reflect(at, n);
  if constexpr (fill == Fill::wrap) return tap_inside(wrapped(at, n), n);
  return {0, 0, 0.0, false};
}

float sample(const float* plane, std::int64_t width, const Tap& y, const Tap& x) {
  const float* low = plane + y.low * width;
  const float* high = plane + y.high * width;
  const double upper =
      static_cast<double>(low[x.low]) * (1.0 - x.share) + static_cast<double>(low[x.high]) * x.share;
  const double lower =
      static_cast<double>(high[x.low]) * (1.0 - x.share) + static_cast<double>(high[x.high]) * x.share;
  return static_cast<float>(upper * (1.0 - y.share) + lower * y.share);
}

struct Transform {
  ImageShape shape;
  AffineMatrix matrix;
  float fill_value;
};

template <Fill fill>
void transform(const std::vector<float>& source, float* out, const Transform& t) {
  const auto& [shape, m, fill_value] = t;
  const std::int64_t plane = shape.height * shape.width;
  for (std::int64_t row = 0; row < shape.height; ++row) {
    // Summed in scipy's order: at the seams of `constant` and `wrap` the last bit decides.
    const double y0 = static_cast<double>(row) * m[0];
    const double x0 = static_cast<double>(row) * m[3];
    for (std::int64_t column = 0; column < shape.width; ++column, ++out) {
      const Tap y = tap<fill>(y0 + static_cast<double>(column) * m[1] + m[2], shape.height);
      const Tap x = tap<fill>(x0 + static_cast<double>(column) * m[4] + m[5], shape.width);
      for (std::int64_t c = 0; c < shape.channels; ++c) {
        out[c * plane] =
            y.inside && x.inside ? sample(source.data() + c * plane, shape.width, y, x) : fill_value;
      }
    }
  }
}

/// The same for `nearest`, which is continuous: no last bit decides anything, so loops over a row may be
/// summed and rounded as vectors like it.
class NearestTransform {
 public:
  explicit NearestTransform(const Transform& t)
      : t_(t), stride_(t.shape.width + 1), padded_(scratch().padded), places_(scratch().places) {
    padded_.resize(static_cast<std::size_t>(t.shape.channels * (t.shape.height + 1) * stride_));
    places_.resize(static_cast<std::size_t>(t.shape.width));
  }

  void operator()(float* chw) {
    const auto [channels, height, width] = t_.shape;
    const auto& m = t_.matrix;
    const auto bottom = static_cast<double>(height - 1), edge = static_cast<double>(width - 1);
    pad(chw);
    for (std::int64_t row = 0; row < height; ++row) {
      const auto r = static_cast<double>(row);
      find_places({r * m[0] + m[2], m[1], bottom}, {r * m[3] + m[5], m[4], edge}, stride_, places_);
      for (std::int64_t c = 0; c < channels; ++c) {
        read(padded_.data() + c * (height + 1) * stride_, chw + (c * height + row) * width);
      }
    }
  }

 private:
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

  struct Scratch {
    std::vector<float> padded;
    Places places;
  };

  /// A thread's own: memory for each image would cost as much as a part of the transform.
  static Scratch& scratch() {
    thread_local Scratch own;
    return own;
  }

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

  /// Repeats the last row and column, so that every place has a neighbour on its right and below.
  void pad(const float* chw) {
    float* to = padded_.data();
    for (std::int64_t c = 0; c < t_.shape.channels; ++c) {
      for (std::int64_t row = 0; row <= t_.shape.height; ++row, to += stride_) {
        const float* from = chw + (c * t_.shape.height + std::min(row, t_.shape.height - 1)) * t_.shape.width;
        std::copy_n(from, t_.shape.width, to);
        to[t_.shape.width] = from[t_.shape.width - 1];
      }
    }
  }

  SVHN_VECTOR_CLONES
  static void find_places(Axis y, Axis x, std::int64_t stride, Places& places) {
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

  SVHN_VECTOR_CLONES
  static void mix(const Places& places, float* __restrict out) {
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

  Transform t_;
  std::int64_t stride_;
  std::vector<float>& padded_;  ///< [C,H+1,W+1]
  Places& places_;              ///< Of one row.
};

void check(std::span<const float> chw, const ImageShape& shape, const AffineMatrix& matrix) {
  using core::Error, core::ExitCode;
  if (chw.size() != shape.numbers()) throw Error(ExitCode::bug, "apply_affine: pixels do not fit the shape");
  // Beyond this a place has no fraction left to interpolate with, and no longer fits an integer.
  constexpr double kLimit = 1e12;
  const auto usable = [](double number) { return std::abs(number) < kLimit; };
  if (std::all_of(matrix.begin(), matrix.end(), usable)) return;
  throw Error(ExitCode::config, "an affine transform has a number that is not finite",
              "lower the values of data.augment");
}

}  // namespace

AffineMatrix affine_matrix(const AffineParameters& p, std::int64_t height, std::int64_t width) {
  const double theta = radians(p.rotation_degrees), shear = radians(p.shear_degrees);
  const double y = static_cast<double>(height - 1) / 2.0, x = static_cast<double>(width - 1) / 2.0;
  AffineMatrix m{std::cos(theta), -std::sin(theta), 0, std::sin(theta), std::cos(theta), 0};
  m = product(m, {1, 0, p.shift_rows, 0, 1, p.shift_columns});
  m = product(m, {1, -std::sin(shear), 0, 0, std::cos(shear), 0});
  m = product(m, {p.zoom_rows, 0, 0, 0, p.zoom_columns, 0});
  // Multiplied in Keras' order, so that places on an edge of the image are rounded as there.
  return product(product({1, 0, y, 0, 1, x}, m), {1, 0, -y, 0, 1, -x});
}

void apply_affine(std::span<float> chw, const ImageShape& shape, const AffineMatrix& matrix, Fill fill,
                  double fill_value) {
  check(chw, shape, matrix);
  const Transform t{shape, matrix, static_cast<float>(fill_value)};
  if (fill == Fill::nearest) return NearestTransform(t)(chw.data());
  const std::vector<float> source(chw.begin(), chw.end());
  switch (fill) {
    case Fill::nearest:
      break;
    case Fill::constant:
      return transform<Fill::constant>(source, chw.data(), t);
    case Fill::reflect:
      return transform<Fill::reflect>(source, chw.data(), t);
    case Fill::wrap:
      return transform<Fill::wrap>(source, chw.data(), t);
  }
}

}  // namespace svhn::data
