#pragma once
/// Mixup: images and targets of a batch mixed in pairs. n: images of the batch; m: those that are wanted.
/// @see Zhang et al. 2018, "mixup: Beyond Empirical Risk Minimization"

#include <torch/types.h>

#include <cstdint>
#include <vector>

namespace svhn::train {

/// Which batch; all draws depend on it alone.
struct MixupKey {
  std::uint64_t seed = 1;
  std::int64_t epoch = 0;
  std::int64_t step = 0;  ///< Within the epoch; below 2^32, as the epoch is.
};

struct Mixing {
  double share = 1.0;                  ///< Of the image itself, 0.5 to 1; the rest is its partner's.
  std::vector<std::int64_t> partners;  ///< [m], of the batch's first m images; empty: nothing is mixed.
};

/// Draws lambda from Beta(alpha, alpha) for the whole batch, and the partners, a permutation. The share is
/// the larger of lambda and 1 - lambda: over all pairs that is the same distribution, and an image's own
/// label stays its likeliest, so that the training accuracy keeps a meaning.
/// @param alpha 0: nothing is mixed. @param images n.
Mixing draw_mixing(double alpha, std::int64_t images, const MixupKey& key);

/// @param values [n,...], floating point: the batch's images, or its targets.
/// @returns [m,...]: share * values[0..m-1] + (1 - share) * values[partners]; `values` itself where nothing
/// is mixed.
torch::Tensor mix(const torch::Tensor& values, const Mixing& mixing);

}  // namespace svhn::train
