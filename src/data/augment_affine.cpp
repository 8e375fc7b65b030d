#include "svhn/data/augment_affine.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <vector>

#include "augment_nearest.h"
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
  if (fill == Fill::nearest) return transform_nearest(chw.data(), shape, matrix);
  const Transform t{shape, matrix, static_cast<float>(fill_value)};
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
