#pragma once
/// Random changes of preprocessed training images. All draws depend on the key alone, so threads, resume and
/// the number of processes do not change them.
/// C: channels, 1 or 3; H, W: height and width.

#include <cstdint>
#include <span>
#include <vector>

#include "data/augment/affine.h"
#include "data/augment/colour.h"
#include "data/batch.h"
#include "data/options.h"

namespace svhn::data {

/// Which view of which image.
struct AugmentKey {
  std::uint64_t seed = 1;
  std::uint64_t pass = 0;  ///< Over the training images, e.g. the epoch; below 2^32.
  std::int64_t row = 0;    ///< Of the data file; below 2^32.
};

/// One view's draws.
struct AugmentParameters {
  AffineParameters affine;
  double channel_shift = 0.0;
  bool flip_horizontal = false;      ///< Left and right.
  bool flip_vertical = false;        ///< Top and bottom.
  double brightness = 1.0;           ///< Factor.
  std::int64_t crop_rows = 0;        ///< Where the crop starts, -padding..padding.
  std::int64_t crop_columns = 0;     ///< Likewise.
  std::int64_t cutout_row = 0;       ///< Centre of the square, within the image.
  std::int64_t cutout_column = 0;    ///< Likewise.
  std::vector<ColourChange> colour;  ///< In order.
  bool operator==(const AugmentParameters&) const = default;
};

/// Draws a view's parameters; an option that is switched on leaves the draws of the others as they were.
/// Shifts are uniform in [-share, share] of the side (a share of 1 is the whole side; Keras would read one of
/// 1 or more as pixels). Mixup concerns whole batches and is not among them.
AugmentParameters draw_parameters(const AugmentOptions& options, const ImageShape& shape,
                                  const AugmentKey& key);

/// Applies the changes that `options` ask for with given draws, in place and in this order: the affine
/// transform; channel shift (one number added to all channels, held to the image's own extremes); flips;
/// brightness, all as in Keras; then the crop out of the image padded by `fill` (as numpy.pad's edge,
/// constant, symmetric or wrap); the colour operations; cutout to 0.
/// @param chw f32 [C,H,W]. @param range what black and white are, for brightness and colour.
/// @throws core::Error(bug) when the span is not C*H*W long or C is neither 1 nor 3.
/// @see DeVries and Taylor 2017 (cutout: the square's centre is uniform over the image, its border is cut)
void apply_parameters(std::span<float> chw, const ImageShape& shape, const AugmentOptions& options,
                      const PixelRange& range, const AugmentParameters& parameters);

/// `apply_parameters` with the draws of `key`; a pure function of its arguments.
void augment_image(std::span<float> chw, const ImageShape& shape, const AugmentOptions& options,
                   const PixelRange& range, const AugmentKey& key);

/// @returns a loader's hook that makes the views of one pass over `plan`'s images.
ImageHook augment_hook(const AugmentOptions& options, const PreprocessPlan& plan, std::uint64_t seed,
                       std::uint64_t pass);

}  // namespace svhn::data
