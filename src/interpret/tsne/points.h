#pragma once
/// What maps and placed points ask of their input.

#include <torch/types.h>

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "interpret/tsne/pca.h"

namespace svhn::interpret {

/// @throws core::Error(data) unless `points` is f32 of two dimensions, neither empty, and finite.
void check_points(const torch::Tensor& points, const std::string& name);

/// Affinities do not depend on the points' scale, but float32 does on its range.
/// @returns the power of two that brings the widest feature's extent to 1 … 2.
/// @throws core::Error(data) when all points coincide.
double unit_factor(const torch::Tensor& points);

/// How points are prepared before neighbours are looked for; the same for a map and what is placed on it.
class Reduction {
 public:
  /// Finds the scale and, for points wider than `features` (0: never), the principal components.
  Reduction(const torch::Tensor& points, std::int64_t features, std::uint64_t seed);
  [[nodiscard]] torch::Tensor apply(const torch::Tensor& points) const;

 private:
  double factor_;
  std::optional<Pca> pca_;
};

/// @throws core::Interrupted when `signal` tells a signal. @param message what was under way.
void stop_if_asked(const std::function<int()>& signal, const std::string& message);

}  // namespace svhn::interpret
