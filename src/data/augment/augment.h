#pragma once
/// Random augmentation of preprocessed training images. All random numbers depend only on the key, so the
/// number of threads or processes and a resume do not change them.
/// C: channels, 1 or 3; H, W: height and width.

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "data/augment/affine.h"
#include "data/augment/colour.h"
#include "data/augment/erasing.h"
#include "data/augment/policy.h"
#include "data/batch.h"
#include "data/options.h"

namespace svhn::data {

/// Identifies the random numbers of one image in one epoch.
struct AugmentKey {
  std::uint64_t seed = 1;
  std::uint64_t epoch = 0;  ///< Below 2^32.
  std::int64_t row = 0;     ///< Row of the data file; below 2^32.
};

/// The random parameters of one augmented image.
struct AugmentParameters {
  AffineParameters affine;
  double channel_shift = 0.0;
  bool flip_horizontal = false;      ///< Left and right.
  bool flip_vertical = false;        ///< Top and bottom.
  double brightness = 1.0;           ///< Factor.
  std::int64_t crop_rows = 0;        ///< First row of the crop, -padding..padding.
  std::int64_t crop_columns = 0;     ///< First column of the crop, -padding..padding.
  std::int64_t cutout_row = 0;       ///< Centre row of the square, within the image.
  std::int64_t cutout_column = 0;    ///< Centre column of the square, within the image.
  std::vector<ColourChange> colour;  ///< Applied in order.
  double contrast = 1.0;             ///< Factor.
  std::vector<PolicyChange> policy;  ///< Applied in order.
  std::optional<Erasing> erasing;
  bool operator==(const AugmentParameters&) const = default;
};

/// Draws the parameters of one image. Enabling an option does not change the random numbers of the others.
/// Shifts are uniform in [-f, f] times the side, where f is the option's fraction (Keras takes 1 or more as
/// pixels; here 1 is the full side). Mixup and CutMix work on batches and are not included.
AugmentParameters draw_parameters(const AugmentOptions& options, const ImageShape& shape,
                                  const AugmentKey& key);

/// Applies the augmentation of `options` with the given parameters, in place and in this order: the affine
/// transform; channel shift (one number added to all channels, clamped to the image's minimum and maximum);
/// flips; brightness, all as in Keras; then the crop of the image padded by `fill` (as numpy.pad's edge,
/// constant, symmetric or wrap); the colour operations; contrast; RandAugment or TrivialAugment; cutout to 0;
/// random erasing.
/// @param chw f32 [C,H,W]. @param range values of black and white, for brightness and colour.
/// @throws core::Error(bug) when the span is not C*H*W long or C is neither 1 nor 3.
/// @see DeVries and Taylor 2017 (cutout: the square's centre is uniform over the image, the
/// square is clipped)
void apply_parameters(std::span<float> chw, const ImageShape& shape, const AugmentOptions& options,
                      const PixelRange& range, const AugmentParameters& parameters);

/// `apply_parameters` with the parameters of `key`; a pure function of its arguments.
void augment_image(std::span<float> chw, const ImageShape& shape, const AugmentOptions& options,
                   const PixelRange& range, const AugmentKey& key);

/// @returns the hook of a BatchLoader that augments the images of one epoch.
/// @param plan the preprocessing of the images.
ImageHook augment_hook(const AugmentOptions& options, const PreprocessPlan& plan, std::uint64_t seed,
                       std::uint64_t epoch);

}  // namespace svhn::data
