#pragma once
/// Rotation, shift, shear and zoom of an image as one affine transform.
/// C: channels; H, W: height and width. Coordinates are (row, column), rows count downwards, pixel centres
/// are at integers.

#include <array>
#include <cstdint>
#include <span>

#include "data/options.h"

namespace svhn::data {

struct ImageShape {
  std::int64_t channels = 1;
  std::int64_t height = 32;
  std::int64_t width = 32;
  [[nodiscard]] std::size_t numbers() const { return static_cast<std::size_t>(channels * height * width); }
};

/// Parameters of Keras' `apply_affine_transform`, named by axis. The transform maps output coordinates to
/// input coordinates, so the picture moves the opposite way: a positive `shift_rows` moves it up, zooms above
/// 1 make it smaller.
struct AffineParameters {
  double rotation_degrees = 0.0;  ///< Keras' theta.
  double shift_rows = 0.0;        ///< Pixels; Keras' tx (from height_shift_range).
  double shift_columns = 0.0;     ///< Pixels; Keras' ty (from width_shift_range).
  double shear_degrees = 0.0;
  double zoom_rows = 1.0;     ///< Keras' zx.
  double zoom_columns = 1.0;  ///< Keras' zy.
  bool operator==(const AffineParameters&) const = default;
};

/// {a, b, o, c, d, p}: output pixel (r, q) is the input at (a r + b q + o, c r + d q + p).
using AffineMatrix = std::array<double, 6>;

/// @returns rotation * shift * shear * zoom about the image's centre ((H - 1) / 2, (W - 1) / 2).
/// @see Keras, ImageDataGenerator; keras_preprocessing up to 1.1.2 rotated about (H / 2 + 0.5, W / 2 + 0.5),
/// one pixel beside the centre, which Keras has corrected since.
AffineMatrix affine_matrix(const AffineParameters& parameters, std::int64_t height, std::int64_t width);

/// Transforms an image in place with bilinear interpolation, as `scipy.ndimage.affine_transform` with order 1
/// and the mode of the same name does (scipy 1.6 or later). Outside the image `nearest` repeats the edge;
/// `constant` is `fill_value` beyond the outermost pixels' centres; `reflect` is d c b a | a b c d | d c b a;
/// `wrap` has period n - 1, so that both ends coincide. Equal matrices give equal bits on every processor.
/// @param chw f32 [C,H,W]. @param matrix finite. @param fill_value in the units of the image.
/// @throws core::Error(bug) when the span is not C*H*W long, core::Error(config) when the matrix
/// is not finite.
void apply_affine(std::span<float> chw, const ImageShape& shape, const AffineMatrix& matrix, Fill fill,
                  double fill_value = 0.0);

}  // namespace svhn::data
