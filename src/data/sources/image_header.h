#pragma once
/// How large a picture says it is, read before a decoder asks for memory.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

namespace svhn::data {

struct ImageSize {
  std::int64_t width = 0;
  std::int64_t height = 0;
};

/// Reads the header of a picture file: PNG, JPEG, BMP, WebP, TIFF, JPEG 2000 (JP2), PBM/PGM/PPM/PAM/PFM, Sun
/// raster and Radiance HDR, which are all that OpenCV decodes by itself.
/// @returns nothing for any other content and for headers that are cut short; nothing for a JPEG without an
/// end.
std::optional<ImageSize> image_size(std::span<const std::byte> bytes);

}  // namespace svhn::data
