#pragma once
/// Colour operations on preprocessed images. They work on lightness v in [0, 1], where 0 is the preprocessed
/// value of a black pixel and 1 that of a white one, so that they do not depend on the preprocessing steps.
/// C: channels, 1 or 3; H, W: height and width.

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "core/random.h"
#include "data/augment/affine.h"
#include "data/preprocess.h"

namespace svhn::data {

/// Values of black (0, 0, 0) and white (255, 255, 255) pixels in each channel after preprocessing.
struct PixelRange {
  std::array<float, 3> black{0.0F, 0.0F, 0.0F};
  std::array<float, 3> white{1.0F, 1.0F, 1.0F};  ///< Different from black.
};
/// @returns the range of a preprocessing.
PixelRange pixel_range(const PreprocessPlan& plan);

/// `blend(base)` is base + s (v - base): 0 gives the base, 1 the image, above 1 extrapolates.
enum class ColourOp {
  identity,
  auto_contrast,  ///< Each channel stretched to [0, 1]; a constant one stays.
  invert,         ///< 1 - v.
  solarize,       ///< 1 - v where v >= s.
  posterize,      ///< v in 256 steps, of which the upper s bits (1..8, rounded) are kept.
  brightness,     ///< blend(0), which is s v.
  contrast,       ///< blend(mean of the grey image).
  saturation,     ///< blend(the pixel's grey).
  sharpness,      ///< blend(smoothed by {1 1 1; 1 5 1; 1 1 1} / 13); the border stays.
  equalize,       ///< Each channel's histogram of 256 levels made flat, as Pillow does.
};
inline constexpr int kColourOps = 9;  ///< Those that `draw_colour` draws: all before `equalize`.

struct ColourChange {
  ColourOp op = ColourOp::identity;
  double strength = 0.0;  ///< s above.
  bool operator==(const ColourChange&) const = default;
};

/// Draws RandAugment's operations uniformly with replacement. For magnitude m, blends use s = 1 + 0.9 m or
/// 1 - 0.9 m, solarize s = 1 - m, posterize s = 8 - 4 m bits.
/// @param count number of operations. @param magnitude 0..1.
/// @see Cubuk et al. 2020, "RandAugment"; AutoAugment (2019) chose inversion most often for house numbers
std::vector<ColourChange> draw_colour(core::CounterRandom& random, std::int64_t count, double magnitude);

/// Applies one operation in place. Grey is .299 R + .587 G + .114 B, or the only channel. v is clamped to [0,
/// 1] before and after, except by `identity`, which changes nothing.
/// @param chw f32 [C,H,W].
/// @throws core::Error(bug) when the span is not C*H*W long or C is neither 1 nor 3.
/// @see Pillow's ImageOps and ImageEnhance, which do this on 8 bits
void apply_colour(std::span<float> chw, const ImageShape& shape, const PixelRange& range,
                  const ColourChange& change);

}  // namespace svhn::data
