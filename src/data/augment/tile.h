#pragma once
/// Affine transforms as loops over vectors: of 32x32 pixels, and row by row of any image.
/// C: channels; H, W: height and width.

#include <array>
#include <cstdint>
#include <optional>

#include "data/augment/affine.h"

namespace svhn::data {

/// What `apply_affine` is asked for.
struct AffineTransform {
  ImageShape shape;
  AffineMatrix matrix{};  ///< Finite.
  Fill fill = Fill::nearest;
  float fill_value = 0.0F;
};

/// Transforms `chw` (f32 [C,H,W]) in place, as `apply_affine` says.
void transform_rows(float* chw, const AffineTransform& transform);

constexpr std::int32_t kTileSide = 32;

/// Where the pixels of a 32x32 image are read, counted from its middle (16, 16) in units of 2^-26 pixels:
/// pixel (r, q) at `row[r] + down[q]` and `column[r] + right[q]`, sums modulo 2^32. For fills that are
/// continuous: no last bit of a place decides anything, so places may be rounded as vectors like it.
struct FixedPlaces {
  using Numbers = std::array<std::uint32_t, kTileSide>;
  static constexpr int kFractionBits = 26;
  static constexpr std::int32_t kOne = 1 << kFractionBits;
  static constexpr std::int32_t kLowest = -kTileSide / 2 * kOne, kHighest = (kTileSide / 2 - 1) * kOne;
  /// From the middle to where the image is mirrored; the mirrored image's period of 64 pixels is 2^32.
  static constexpr std::uint32_t kToMirror = std::uint32_t{33} << (kFractionBits - 1);
  alignas(64) Numbers row{};
  alignas(64) Numbers down{};
  alignas(64) Numbers column{};
  alignas(64) Numbers right{};
  bool mirrored = false;  ///< Fill::reflect; otherwise Fill::nearest.
};

/// @param transform of 32x32 pixels. @returns nothing where the fill is not continuous, or a place lies so
/// far outside that it does not fit.
std::optional<FixedPlaces> fixed_places(const AffineTransform& transform);

/// Transforms an image of 32x32 pixels in place.
void transform_tile(float* chw, std::int64_t channels, const FixedPlaces& places);

/// The same by registers that hold half a row, with the same bits.
struct WideTile {
  void (*fixed)(float* chw, std::int64_t channels, const FixedPlaces& places);  ///< As `transform_tile`.
  void (*seamed)(float* chw, const AffineTransform& transform);  ///< As `transform_rows`, constant and wrap.
};

/// @returns nullptr where the processor has no such registers.
const WideTile* wide_tile();

}  // namespace svhn::data
