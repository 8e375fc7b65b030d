#pragma once
/// A picture that tests/parity/augment_cases.py makes too.

#include <cstdint>
#include <vector>

#include "data/augment/affine.h"

namespace svhn::data {

/// @returns f32 [C,H,W] in [0, 1].
inline std::vector<float> test_picture(const ImageShape& shape) {
  std::vector<float> pixels;
  for (std::int64_t c = 0; c < shape.channels; ++c) {
    for (std::int64_t y = 0; y < shape.height; ++y) {
      for (std::int64_t x = 0; x < shape.width; ++x) {
        const auto mixed =
            static_cast<std::uint64_t>(c * 71 + y * 131 + x * 37 + x * y * (c + 1)) * 2654435761U;
        pixels.push_back(
            static_cast<float>(static_cast<double>(((mixed & 0xFFFFFFFFU) >> 13) % 256) / 255.0));
      }
    }
  }
  return pixels;
}

}  // namespace svhn::data
