#pragma once
/// From pickled arrays of any element type and order to u8 [N,32,32,3]; N rows.

#include <cstdint>
#include <span>
#include <vector>

#include "formats/pickle/frame.h"
#include "formats/pickle/numpy.h"

namespace svhn::data {

inline constexpr std::int32_t kNoPixel = -1;

/// A matrix of pixels as it stands in the file: image after image, or stored column after stored column.
struct PixelPlane {
  formats::PickledArray array;
  bool by_image = false;
  std::vector<std::int32_t> pixels;  ///< Of each stored column: its place 0..3071 in an image, or `kNoPixel`.
};

/// @param array of shape [N,3072], [N,3073] (the last column is skipped), [N,32,32,3], [N,3,32,32] or
/// [32,32,3,N].
/// @param rows receives N. @throws core::Error for another shape.
PixelPlane plane_of_array(const formats::Pickle& pickle, const formats::PickledArray& array,
                          std::int64_t& rows);

/// @param label the column that holds no pixels, or -1. The other columns must be 3072.
/// @throws core::Error when a column is neither number nor object.
std::vector<PixelPlane> planes_of_frame(const formats::Pickle& pickle, const formats::PickledFrame& frame,
                                        std::int64_t label);

/// Converts every pixel; see `read_pickled_frame` for what is accepted.
/// @param planes together cover each of the 3072 places once. @param images receives rows * 3072 bytes.
/// @throws core::Error(data) naming the value and the array that is at fault.
void convert_pixels(const formats::Pickle& pickle, std::span<const PixelPlane> planes, std::int64_t rows,
                    std::span<std::uint8_t> images);

/// How numbers become bytes.
enum class PixelScale {
  bytes,  ///< Whole numbers 0..255.
  unit,   ///< k / 255.
};

/// Converts `count` numbers. @param source count * type.size bytes.
/// @returns the index of the first number that is no pixel on this scale, or `count`.
std::size_t convert_numbers(formats::NumpyType type, PixelScale scale, const std::byte* source,
                            std::uint8_t* target, std::size_t count);

}  // namespace svhn::data
