#pragma once
/// The size of a picture according to its header, read before a decoder allocates memory.

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
/// raster and Radiance HDR, which are all formats that OpenCV decodes by itself.
/// @returns the size in pixels; nullopt for other content, truncated headers and a JPEG without
/// an end marker.
std::optional<ImageSize> image_size(std::span<const std::byte> bytes);

}  // namespace svhn::data
