#pragma once
/// Converts pickled arrays of any element type and order to u8 [N,32,32,3]; N rows.

#include <cstdint>
#include <span>
#include <vector>

#include "formats/pickle/frame.h"
#include "formats/pickle/numpy.h"

namespace svhn::data {

inline constexpr std::int32_t kNoPixel = -1;

/// A matrix of pixels in file order: image after image, or stored column after stored column.
struct PixelPlane {
  formats::PickledArray array;
  bool by_image = false;
  std::vector<std::int32_t>
      pixels;  ///< Of each stored column: its pixel index 0..3071 in an image, or `kNoPixel`.
};

/// Converts every pixel; see `read_pickled_frame` for what is accepted.
/// @param planes together contain each of the 3072 pixels once. @param images receives rows * 3072 bytes.
/// @throws core::Error(data) naming the invalid value and its array.
void convert_pixels(const formats::Pickle& pickle, std::span<const PixelPlane> planes, std::int64_t rows,
                    std::span<std::uint8_t> images);

}  // namespace svhn::data
