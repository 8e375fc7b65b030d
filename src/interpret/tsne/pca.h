#pragma once
/// Principal component analysis, and the preparation of points for the neighbour search. N = points, D =
/// features, K = components.

#include <torch/types.h>

#include <cstdint>
#include <optional>

namespace svhn::interpret {

struct Pca {
  torch::Tensor mean;        ///< f64 [D].
  torch::Tensor components;  ///< f64 [K,D], orthonormal rows by falling variance.
  torch::Tensor variances;   ///< f64 [K], unbiased.
};

/// Largest D for which `fit_pca` decomposes the covariance matrix.
inline constexpr std::int64_t kExactPcaFeatures = 512;

/// Finds the directions of largest variance. Up to `kExactPcaFeatures` features the covariance matrix is
/// decomposed; above, eight subspace iterations with ten additional directions are as accurate as
/// scikit-learn's randomized solver, in O(N D K) time and O(D K) memory. Signs are fixed as in scikit-learn's
/// svd_flip: in each component the point with the largest absolute score has a positive one.
/// @param points f32 [N,D], finite, on any device.
/// @param components K, at least 1; at most min(N, D) are returned.
/// @param seed of the random start of the subspace iteration.
/// @see Halko, Martinsson and Tropp, "Finding structure with randomness", SIAM Review 53, 2011, section 4.5.
Pca fit_pca(const torch::Tensor& points, std::int64_t components, std::uint64_t seed);

/// @returns the scores f32 [N,K] of points f32 [N,D], on their device.
torch::Tensor project(const Pca& pca, const torch::Tensor& points);

/// Scales points and reduces their features by PCA. New points are reduced with the scale and the components
/// of the reference points.
class Reduction {
 public:
  /// Fits the scale and, for points with more than `features` features, the principal components.
  /// @param points f32 [N,D], finite. @param features 0: no PCA. @param seed as in fit_pca.
  /// @throws core::Error(data) when all points coincide.
  Reduction(const torch::Tensor& points, std::int64_t features, std::uint64_t seed);
  /// @param points f32 [M,D]. @returns f32 [M,D] or [M,features].
  [[nodiscard]] torch::Tensor apply(const torch::Tensor& points) const;

 private:
  double factor_;
  std::optional<Pca> pca_;
};

}  // namespace svhn::interpret
