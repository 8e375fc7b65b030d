#pragma once
/// Principal components of many points. N = points, D = features, K = components.

#include <torch/types.h>

#include <cstdint>

namespace svhn::interpret {

struct Pca {
  torch::Tensor mean;        ///< f64 [D].
  torch::Tensor components;  ///< f64 [K,D], orthonormal rows by falling variance.
  torch::Tensor variances;   ///< f64 [K], unbiased.
};

/// Finds the directions of largest variance. Up to `kExactPcaFeatures` features the covariance matrix is
/// decomposed; above, eight subspace iterations with ten spare directions come as close as scikit-learn's
/// randomized solver does, in O(N D K) time and O(D K) memory.
/// Signs are fixed as scikit-learn's svd_flip does: in each component the point with the largest absolute
/// score has a positive one.
/// @param points f32 [N,D], finite, on any device.
/// @param components K, at least 1; at most min(N, D) are returned.
/// @param seed of the subspace iteration's start.
/// @see Halko, Martinsson and Tropp, "Finding structure with randomness", SIAM Review 53, 2011, section 4.5.
Pca fit_pca(const torch::Tensor& points, std::int64_t components, std::uint64_t seed);

inline constexpr std::int64_t kExactPcaFeatures = 512;

/// @returns the scores f32 [N,K] of points f32 [N,D], on their device.
torch::Tensor project(const Pca& pca, const torch::Tensor& points);

}  // namespace svhn::interpret
