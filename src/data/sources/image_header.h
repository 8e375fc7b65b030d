#pragma once
/// What the header of a picture says, read before a decoder allocates memory.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

namespace svhn::data {

struct ImageHeader {
  std::int64_t width = 0;   ///< Pixels.
  std::int64_t height = 0;  ///< Pixels.
  /// Memory of a decoder, an upper bound: of the decoded pixels, or, where `scalable`, of what it keeps
  /// beside them.
  int bytes_per_pixel = 3;
  bool scalable = false;       ///< A decoder can shrink it by 2, 4 or 8 while it decodes (JPEG).
  bool transparent = false;    ///< It may have transparent pixels.
  bool premultiplied = false;  ///< The decoded colours are already multiplied by the opacity (TIFF).
  int orientation = 1;         ///< Exif's, 1 to 8, of a PNG.
  bool pages = false;          ///< It has more than one page (TIFF).
  std::optional<int> transparent_grey{};  ///< Grey PNG: pixels of this decoded value are transparent.
};

/// Reads the header of a picture file: PNG, JPEG, BMP, WebP, TIFF, JPEG 2000 (JP2), PBM/PGM/PPM/PAM/PFM, Sun
/// raster and Radiance HDR, which are all formats that OpenCV decodes by itself.
/// @returns nullopt for other content, a PAM of four channels, headers that are cut short, a PNG that ends
/// before its last chunk and a JPEG that ends before its end marker.
/// @see ISO/IEC 15948 (PNG), ITU-T T.81 (JPEG), TIFF 6.0
std::optional<ImageHeader> read_image_header(std::span<const std::byte> bytes);

}  // namespace svhn::data
