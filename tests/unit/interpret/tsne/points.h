#pragma once
/// Points for the tests of this room.

#include <torch/types.h>

#include <cstdint>

#include "core/random.h"

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

}  // namespace svhn::interpret::testing
