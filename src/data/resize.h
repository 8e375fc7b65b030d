#pragma once
/// Resizes digits for networks of another input size. H, W: height and width.

#include <cstdint>
#include <span>
#include <vector>

#include "data/prepared.h"

namespace svhn::data {

inline constexpr std::int64_t kMostSide = 2048;  ///< Of a network's input, pixels.

/// Height and width of an image, pixels.
struct ImageSides {
  std::int64_t height = kSide;
  std::int64_t width = kSide;
  bool operator==(const ImageSides&) const = default;
  /// @returns the bytes of an RGB image of that size.
  [[nodiscard]] std::size_t bytes() const { return static_cast<std::size_t>(height * width * kChannels); }
};

/// Resizes RGB images. A smaller result is the mean over the area of each of its pixels; where a side grows,
/// pixels are linear between the centres of their neighbours. The corners of both images lie on each other,
/// as in OpenCV's INTER_AREA and INTER_LINEAR and in TensorFlow's and PyTorch's bilinear resizing.
class Resizer {
 public:
  /// @param from,to each side at least 1.
  Resizer(ImageSides from, ImageSides to);

  [[nodiscard]] ImageSides from() const { return from_; }
  [[nodiscard]] ImageSides to() const { return to_; }

  /// @param hwc u8 [H,W,3] of the size `from`. @param resized u8 [H,W,3] of the size `to`, filled; rounded to
  /// the nearest byte.
  /// @throws core::Error(bug) for images of other sizes.
  void operator()(std::span<const std::uint8_t> hwc, std::span<std::uint8_t> resized) const;

 private:
  /// The pixels of one line of the source that a pixel of the result is made of.
  struct Taps {
    std::size_t first = 0;
    std::vector<float> weights;
  };
  static std::vector<Taps> area_taps(std::int64_t from, std::int64_t to);
  static std::vector<Taps> linear_taps(std::int64_t from, std::int64_t to);

  ImageSides from_, to_;
  std::vector<Taps> rows_, columns_;  ///< Of each row and column of the result.
};

}  // namespace svhn::data
