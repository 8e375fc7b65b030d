#pragma once
/// Points and helpers for the t-SNE tests.

#include <ATen/ATen.h>
#include <torch/types.h>

#include <cstdint>

#include "core/random.h"
#include "interpret/tsne/affinities.h"

namespace svhn::interpret::testing {

/// @returns f32 [rows,columns] of normal deviates.
inline torch::Tensor normal_points(std::int64_t rows, std::int64_t columns, std::uint64_t seed) {
  core::CounterRandom random(seed, core::stream_id("test points"));
  torch::Tensor points = torch::empty({rows, columns}, torch::kFloat32);
  auto* values = points.data_ptr<float>();
  for (std::int64_t i = 0; i < rows * columns; ++i) values[i] = static_cast<float>(random.normal());
  return points;
}

/// @returns normal points around `groups` centres 5 deviations apart or so; row i belongs to centre i %
/// groups.
inline torch::Tensor grouped_points(std::int64_t rows, std::int64_t columns, std::int64_t groups) {
  const torch::Tensor centres = 5.0 * normal_points(groups, columns, 77);
  return normal_points(rows, columns, 1) + centres.index_select(0, torch::arange(rows).remainder(groups));
}

/// @returns the joint affinities of points with 3 * perplexity + 1 neighbours each.
inline Affinities affinities_of(const torch::Tensor& points, double perplexity) {
  const auto found =
      nearest_neighbours(points, points, {static_cast<std::int64_t>(3 * perplexity + 1), true, {}});
  return joint_affinities(found, conditional_probabilities(found.distances, perplexity));
}

/// @returns |value - expected| / |expected| in float64.
inline double relative(const torch::Tensor& value, const torch::Tensor& expected) {
  const torch::Tensor reference = expected.to(at::kDouble);
  return ((value.to(at::kDouble) - reference).norm() / reference.norm()).item<double>();
}

}  // namespace svhn::interpret::testing
