#pragma once
/// Augmentation of training images, and mixup. n = images of a batch; m = those of them that this process
/// mixes.

#include <torch/types.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

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

/// How a batch is mixed: lambda * image + (1 - lambda) * partner.
/// @see Zhang et al. 2018, "mixup: Beyond Empirical Risk Minimization"
struct Mixing {
  double lambda = 1.0;                 ///< Weight of the image itself, 0.5 to 1.
  std::vector<std::int64_t> partners;  ///< [m], indices of the first m images' partners; empty: no mixup.
};

/// Draws one value from Beta(alpha, alpha) for a batch, and a permutation of its images as partners. Lambda
/// is the larger of the value and its complement: over all pairs the distribution is the same, and an image's
/// own label stays the most likely one, so that the training accuracy remains meaningful.
/// @param alpha 0: no mixup. @param images n.
/// @returns lambda and n partners.
Mixing draw_mixing(double alpha, std::int64_t images, const MixupKey& key);

/// @param values floating point [n,...], the images or the targets of a batch.
/// @returns [m,...], lambda * values[0..m-1] + (1 - lambda) * values[partners]; `values` itself without
/// mixup.
torch::Tensor mix(const torch::Tensor& values, const Mixing& mixing);

}  // namespace svhn::train
