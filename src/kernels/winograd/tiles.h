#pragma once
/// How a 3x3 convolution is cut into tiles of 2x2 outputs, each from a window of 4x4 inputs.

#include <cstdint>

namespace svhn::kernels {

/// An image batch as memory has it, N H W C numbers.
struct ImageShape {
  std::int64_t images, height, width, channels;
};

/// The tiles of all images, numbered in reading order. Two neighbours are worked on at a time, so a row may
/// end with one that lies outside of its image and makes nothing.
struct TileGrid {
  ImageShape in;         ///< What the windows are cut from.
  ImageShape out;        ///< What the tiles make.
  std::int64_t padding;  ///< Zeros around `in`, 0 to 2.

  [[nodiscard]] std::int64_t rows() const { return (out.height + 1) / 2; }
  [[nodiscard]] std::int64_t columns() const { return (out.width + 3) / 4 * 2; }
  [[nodiscard]] std::int64_t count() const { return out.images * rows() * columns(); }
};

/// Consecutive tiles, both numbers even; those past the last one count as zeros.
struct TileRange {
  std::int64_t first, count;
};

inline constexpr std::int64_t kPlaces = 16;  ///< Numbers of a transformed 4x4 window.
inline constexpr std::int64_t kLane = 16;    ///< Channels that are worked on at a time.

/// Output channels come in panels of this many, the columns of one product.
inline std::int64_t panel_width(std::int64_t channels) {
  return channels % (2 * kLane) == 0 ? 2 * kLane : kLane;
}

}  // namespace svhn::kernels
