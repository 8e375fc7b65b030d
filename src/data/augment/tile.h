#pragma once
/// Vectorised affine transforms: of 32x32 pixels, and row by row for any size.
/// C: channels; H, W: height and width.

#include <array>
#include <cstdint>
#include <optional>

#include "data/augment/affine.h"

namespace svhn::data {

/// The arguments of `apply_affine`.
struct AffineTransform {
  ImageShape shape;
  AffineMatrix matrix{};  ///< Finite.
  Fill fill = Fill::nearest;
  float fill_value = 0.0F;
};

/// Transforms `chw` (f32 [C,H,W]) in place, see `apply_affine`.
void transform_rows(float* chw, const AffineTransform& transform);

constexpr std::int32_t kTileSide = 32;

/// Input coordinates of the pixels of a 32x32 image in fixed point, relative to its middle (16, 16), in units
/// of 2^-26 pixels: output pixel (r, q) is read at row `row[r] + down[q]` and column `column[r] + right[q]`,
/// modulo 2^32. Only for continuous fills: there the last bit of a coordinate does not matter, so rounding
/// may differ.
struct FixedCoordinates {
  using Numbers = std::array<std::uint32_t, kTileSide>;
  static constexpr int kFractionBits = 26;
  static constexpr std::int32_t kOne = 1 << kFractionBits;
  static constexpr std::int32_t kLowest = -kTileSide / 2 * kOne, kHighest = (kTileSide / 2 - 1) * kOne;
  /// Distance from the middle to the mirror axis; the period of the mirrored image, 64 pixels, is 2^32.
  static constexpr std::uint32_t kToMirror = std::uint32_t{33} << (kFractionBits - 1);
  alignas(64) Numbers row{};
  alignas(64) Numbers down{};
  alignas(64) Numbers column{};
  alignas(64) Numbers right{};
  bool mirrored = false;  ///< Fill::reflect; otherwise Fill::nearest.
};

/// @param transform of 32x32 pixels.
/// @returns the coordinates; nullopt when the fill is not continuous, or a coordinate is too far
/// outside to fit.
std::optional<FixedCoordinates> fixed_coordinates(const AffineTransform& transform);

/// Transforms an image of 32x32 pixels in place.
void transform_tile(float* chw, std::int64_t channels, const FixedCoordinates& coordinates);

/// Implementations with 512-bit registers, which hold half a row; the results have the same bits.
struct WideTile {
  void (*continuous)(float* chw, std::int64_t channels,
                     const FixedCoordinates& coordinates);  ///< As `transform_tile`.
  void (*discontinuous)(float* chw,
                        const AffineTransform& transform);  ///< As `transform_rows`, constant and wrap.
};

/// @returns nullptr when the processor has no such registers.
const WideTile* wide_tile();

}  // namespace svhn::data
