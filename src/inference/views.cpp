#include "inference/views.h"

#include <algorithm>
#include <cstdlib>
#include <string>

#include "core/error.h"

namespace svhn::inference {
namespace {

constexpr int kThree = 3, kFive = 5, kNine = 9, kTwentyFive = 25;

bool belongs(int right, int down, int count) {
  const int farthest = std::max(std::abs(right), std::abs(down));
  if (farthest == 0) return false;
  if (count == kThree) return farthest == 1 && right == down;
  if (count == kFive) return farthest == 1 && std::abs(right) == std::abs(down);
  return count == kTwentyFive || (count == kNine && farthest == 1);
}

/// @returns the place within a line of `size` pixels that a place up to a few pixels outside shows.
std::int64_t reflected(std::int64_t place, std::int64_t size) {
  const std::int64_t inside = place < 0 ? -place : std::min(place, 2 * (size - 1) - place);
  return std::clamp<std::int64_t>(inside, 0, size - 1);
}

}  // namespace

std::vector<View> views_of(int count) {
  if (std::find(kViewCounts.begin(), kViewCounts.end(), count) == kViewCounts.end()) {
    throw core::Error(core::ExitCode::bug, std::to_string(count) + " views are not served");
  }
  if (count == 1) return {View{}};
  constexpr double kOwn = 0.5;
  std::vector<View> views{{0, 0, kOwn}};
  for (int down = -2; down <= 2; ++down) {
    for (int right = -2; right <= 2; ++right) {
      if (belongs(right, down, count)) views.push_back({right, down, (1.0 - kOwn) / (count - 1)});
    }
  }
  return views;
}

void shift_image(std::span<const std::uint8_t> image, data::ImageSides sides, const View& view,
                 std::span<std::uint8_t> shifted) {
  std::size_t at = 0;
  for (std::int64_t y = 0; y < sides.height; ++y) {
    const std::int64_t row = reflected(y - view.down, sides.height) * sides.width;
    for (std::int64_t x = 0; x < sides.width; ++x) {
      const auto from = static_cast<std::size_t>(row + reflected(x - view.right, sides.width)) * 3;
      for (std::size_t c = 0; c < 3; ++c) shifted[at++] = image[from + c];
    }
  }
}

}  // namespace svhn::inference
