#pragma once
/// Random erasing: a rectangle of the image is filled with 0 or with noise.
/// @see Zhong et al. 2020, "Random Erasing Data Augmentation" (arXiv 1708.04896)

#include <cstdint>
#include <optional>
#include <span>

#include "core/random.h"
#include "data/augment/affine.h"
#include "data/options.h"

namespace svhn::data {

/// A rectangle of pixels.
struct Rectangle {
  std::int64_t top = 0;
  std::int64_t left = 0;
  std::int64_t height = 0;
  std::int64_t width = 0;
  bool operator==(const Rectangle&) const = default;
};

/// What is erased of an image.
struct Erasing {
  Rectangle area{};
  std::optional<std::uint64_t> noise{};  ///< Seed of standard normal numbers; unset: 0.
  bool operator==(const Erasing&) const = default;
};

/// Draws a rectangle with the probability `options.random_erasing`: its share of the image's area is uniform
/// in [0.02, random_erasing_area], height / width log-uniform in [0.3, 1 / 0.3], its place uniform. What does
/// not fit into the image is drawn anew, ten times in all.
/// @returns nothing with the complementary probability, or where no rectangle fitted.
std::optional<Erasing> draw_erasing(core::CounterRandom& random, const AugmentOptions& options,
                                    const ImageShape& shape);

/// Fills the rectangle in place. @param chw f32 [C,H,W], which holds the rectangle.
void erase(std::span<float> chw, const ImageShape& shape, const Erasing& erasing);

}  // namespace svhn::data
