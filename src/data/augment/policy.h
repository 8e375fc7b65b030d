#pragma once
/// Automatic augmentation: operations of one published set at a magnitude that is fixed (RandAugment) or
/// drawn (TrivialAugment), so that nothing needs to be searched for.
///
/// The 14 operations and their strength at m in [0, 1]; half of the signs are turned where there are two:
///
///                              RandAugment          TrivialAugment ("wide")
///   shear_x, shear_y           0.3 m                0.99 m        columns (rows) a row (column)
///   translate_x, translate_y   150 / 331 m sides    32 m          whole pixels
///   rotate                     30 m                 135 m         degrees
///   brightness, contrast,
///   saturation, sharpness      1 +- 0.9 m           1 +- 0.99 m   blend of `ColourOp`
///   posterize                  8 - 4 m              8 - 6 m       bits that are kept
///   solarize                   1 - m                1 - m         threshold
///   identity, auto_contrast, equalize
///
/// @see Cubuk et al. 2020, "RandAugment: Practical automated data augmentation with a reduced search space"
/// (arXiv 1909.13719); Mueller and Hutter 2021, "TrivialAugment: Tuning-free Yet State-of-the-Art Data
/// Augmentation" (arXiv 2103.10158); the ranges are those of both papers and of torchvision

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "core/random.h"
#include "data/augment/affine.h"
#include "data/augment/colour.h"
#include "data/options.h"

namespace svhn::data {

enum class PolicyOp {
  identity,
  shear_x,
  shear_y,
  translate_x,
  translate_y,
  rotate,
  brightness,
  contrast,
  saturation,
  sharpness,
  posterize,
  solarize,
  auto_contrast,
  equalize,
};
inline constexpr int kPolicyOps = 14;
/// Magnitudes are multiples of 1 / kMagnitudes, as in the papers.
inline constexpr int kMagnitudes = 30;

/// The two published tables of strengths.
enum class PolicyRanges { randaugment, trivialaugment };

/// One drawn operation: a transform, a colour operation, or neither.
struct PolicyChange {
  std::optional<AffineMatrix> transform{};
  ColourChange colour{};
  bool operator==(const PolicyChange&) const = default;
};

/// @param magnitude m, 0 to 1. @param turned whether the sign is turned.
/// @returns the operation for images of that shape. As published, shears keep the top row (left column) and
/// rotations the centre in place.
PolicyChange policy_change(PolicyOp op, PolicyRanges ranges, double magnitude, bool turned,
                           const ImageShape& shape);

/// Draws the operations that `options` asks for, in the order in which they are applied.
std::vector<PolicyChange> draw_policy(core::CounterRandom& random, const AugmentOptions& options,
                                      const ImageShape& shape);

/// Applies the changes in place. Transforms are bilinear and fill what lies outside as `options` says.
/// @param chw f32 [C,H,W]. @throws core::Error(bug) as `apply_affine` and `apply_colour` do.
void apply_policy(std::span<float> chw, const ImageShape& shape, const AugmentOptions& options,
                  const PixelRange& range, std::span<const PolicyChange> changes);

}  // namespace svhn::data
