#pragma once
/// Affine transforms that repeat the image's edge (`Fill::nearest`), which is continuous: no last bit of a
/// place decides anything, so places may be rounded as vectors like it.
/// C: channels; H, W: height and width.

#include <array>
#include <cstdint>
#include <optional>

#include "svhn/data/augment_affine.h"

namespace svhn::data {

/// Transforms `chw` (f32 [C,H,W]) in place, as `apply_affine` says. `matrix` is finite.
void transform_nearest(float* chw, const ImageShape& shape, const AffineMatrix& matrix);

constexpr std::int32_t kTileSide = 32;

/// Where the pixels of a 32x32 image are read, counted from its middle (16, 16) in units of 2^-26 pixels:
/// pixel (r, q) at `row[r] + down[q]` and `column[r] + right[q]`, sums modulo 2^32.
struct FixedPlaces {
  using Numbers = std::array<std::uint32_t, kTileSide>;
  static constexpr int kFractionBits = 26;
  static constexpr std::int32_t kOne = 1 << kFractionBits;
  static constexpr std::int32_t kLowest = -kTileSide / 2 * kOne, kHighest = (kTileSide / 2 - 1) * kOne;
  alignas(64) Numbers row{};
  alignas(64) Numbers down{};
  alignas(64) Numbers column{};
  alignas(64) Numbers right{};
};

/// @returns nothing where a place lies so far outside that it does not fit.
std::optional<FixedPlaces> fixed_places(const AffineMatrix& matrix);

/// A way to transform an image of 32x32 pixels in place. All ways give the same bits.
using TileTransform = void (*)(float* chw, std::int64_t channels, const FixedPlaces& places);

void transform_tile(float* chw, std::int64_t channels, const FixedPlaces& places);

/// @returns the way with registers that hold half a row, nullptr where the processor has none.
TileTransform wide_tile_transform();

}  // namespace svhn::data
