#pragma once
/// Views of an image for prediction: the image itself, and copies that are shifted by a pixel or two.
/// H, W: height and width.
/// @see Jordan, "94% on CIFAR-10 in 3.29 Seconds on a Single GPU", arXiv 2404.00498, section 3.5: the image
/// itself counts one half, its shifts share the other half. No view is mirrored, as digits are not.

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "data/resize.h"

namespace svhn::inference {

/// A shift in pixels, and its share in the answer.
struct View {
  int right = 0;
  int down = 0;
  double weight = 1.0;
};

/// 3: shifts by (-1, -1) and (1, 1), as in the paper; 5: also by (-1, 1) and (1, -1); 9: all by up to one
/// pixel; 25: all by up to two.
inline constexpr std::array kViewCounts{1, 3, 5, 9, 25};

/// @param count of `kViewCounts`.
/// @returns the views, first the image itself; the weights add up to 1. @throws core::Error(bug)
std::vector<View> views_of(int count);

/// Shifts an image and reflects it at its border, whose own pixels are not repeated.
/// @param image u8 [H,W,3].
/// @param shifted u8 [H,W,3], output: pixel (x, y) is the image's pixel (x - right, y - down).
void shift_image(std::span<const std::uint8_t> image, data::ImageSides sides, const View& view,
                 std::span<std::uint8_t> shifted);

}  // namespace svhn::inference
