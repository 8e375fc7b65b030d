#pragma once
/// Augmentation of training images, mixup and CutMix. n = images of a batch; m = those of them that this
/// process mixes.

#include <torch/types.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "data/augment/erasing.h"
#include "data/batch.h"
#include "data/options.h"
#include "data/preprocess.h"

namespace svhn::train {

/// @param pass over the training images, from 0. @returns the hook that augments the images in this pass.
using Augment = std::function<data::ImageHook(std::int64_t pass)>;

/// @param plan the preprocessing of the training images. @returns an empty function where `options` is unset.
Augment make_augment(const std::optional<data::AugmentOptions>& options, const data::PreprocessPlan& plan,
                     std::uint64_t seed);

/// The rows of an epoch that a loader reads.
struct EpochSlice {
  std::int64_t epoch = 0;  ///< From 0.
  std::size_t images = 1;  ///< In the training split.
  std::size_t rows = 1;    ///< In the epoch; more than `images` if it makes several passes over them.
  /// Indices into the epoch's rows, in the order in which the loader reads them.
  std::vector<std::size_t> positions{};
};

/// Augments every pass over the training images differently; passes are numbered across epochs, epoch 0
/// first.
/// @returns a hook to call for the rows at `slice.positions`, one after the other.
data::ImageHook epoch_hook(const Augment& augment, EpochSlice slice);

/// The key of a batch's random draws, which depend on nothing else.
struct MixupKey {
  std::uint64_t seed = 1;
  std::int64_t epoch = 0;
  std::int64_t step = 0;  ///< Within the epoch; below 2^32, as the epoch is.
};

/// Alphas of the Beta distributions from which lambda is drawn; 0: off. With both, each batch takes one of
/// the two at random.
struct MixingOptions {
  double mixup = 0.0;
  double cutmix = 0.0;
};

/// How a batch is mixed. Targets become lambda * target + (1 - lambda) * partner's target. Images are mixed
/// likewise (mixup), or take the partner's pixels in a rectangle (CutMix).
/// @see Zhang et al. 2018, "mixup: Beyond Empirical Risk Minimization"; Yun et al. 2019, "CutMix"
/// (arXiv 1905.04899)
struct Mixing {
  double lambda = 1.0;                   ///< Weight of the image itself; mixup: 0.5 to 1.
  std::vector<std::int64_t> partners{};  ///< [m], indices of the first m images' partners; empty: none.
  std::optional<data::Rectangle> box{};  ///< CutMix: where the partner is seen.
};

/// Draws one value from Beta(alpha, alpha) for a batch, and a permutation of its images as partners.
/// Mixup: lambda is the larger of the value and its complement: over all pairs the distribution is the same,
/// and an image's own label stays the most likely one, so that the training accuracy remains meaningful.
/// CutMix: the box has sqrt(1 - value) of each side and its centre anywhere in the image; lambda is the share
/// of pixels outside of the box after it is clipped.
/// @param images n, of the sides `data::kSide`.
/// @returns lambda and n partners.
Mixing draw_mixing(const MixingOptions& options, std::int64_t images, const MixupKey& key);

/// @param images floating point [n,C,H,W]; with mixup also [n,...].
/// @returns [m,...], the first m images after mixup or CutMix; `images` itself where nothing is mixed.
torch::Tensor mix_images(const torch::Tensor& images, const Mixing& mixing);

/// @param targets floating point [n,K].
/// @returns [m,K], lambda * targets[0..m-1] + (1 - lambda) * targets[partners]; `targets` itself where
/// nothing is mixed.
torch::Tensor mix_targets(const torch::Tensor& targets, const Mixing& mixing);

}  // namespace svhn::train
