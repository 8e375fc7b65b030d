#include "data/augment/affine.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "core/error.h"
#include "data/augment/tile.h"

namespace svhn::data {
namespace {

/// @returns the composition of two transforms, x after y.
AffineMatrix product(const AffineMatrix& x, const AffineMatrix& y) {
  return {x[0] * y[0] + x[1] * y[3], x[0] * y[1] + x[1] * y[4], x[0] * y[2] + x[1] * y[5] + x[2],
          x[3] * y[0] + x[4] * y[3], x[3] * y[1] + x[4] * y[4], x[3] * y[2] + x[4] * y[5] + x[5]};
}

double radians(double degrees) {
  return degrees * (std::numbers::pi / 180.0);
}

void check(std::span<const float> chw, const ImageShape& shape, const AffineMatrix& matrix) {
  using core::Error, core::ExitCode;
  if (chw.size() != shape.numbers()) throw Error(ExitCode::bug, "apply_affine: pixels do not fit the shape");
  // Larger coordinates have no fraction left for interpolation and do not fit an integer.
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
  // Multiplied in Keras' order, so that coordinates on an edge of the image are rounded as there.
  return product(product({1, 0, y, 0, 1, x}, m), {1, 0, -y, 0, 1, -x});
}

void apply_affine(std::span<float> chw, const ImageShape& shape, const AffineMatrix& matrix, Fill fill,
                  double fill_value) {
  check(chw, shape, matrix);
  const AffineTransform transform{shape, matrix, fill, static_cast<float>(fill_value)};
  if (shape.height == kTileSide && shape.width == kTileSide) {
    static const WideTile* const kWide = wide_tile();
    const auto coordinates = fixed_coordinates(transform);
    if (coordinates)
      return (kWide != nullptr ? kWide->continuous : transform_tile)(chw.data(), shape.channels,
                                                                     *coordinates);
    const bool discontinuous = fill == Fill::constant || fill == Fill::wrap;
    if (kWide != nullptr && discontinuous) return kWide->discontinuous(chw.data(), transform);
  }
  transform_rows(chw.data(), transform);
}

}  // namespace svhn::data
