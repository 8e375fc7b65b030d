#pragma once
/// Points in an order in which neighbours on the map are neighbours in memory.

#include <torch/types.h>

#include <cstdint>
#include <vector>

#include "interpret/tsne/affinities.h"
#include "interpret/tsne/thread_pool.h"

namespace svhn::interpret {

/// @param map f32 [N,2] on the processor. @returns the rows along a Z-shaped curve through the map; equal
/// places by row.
std::vector<std::int32_t> order_on_map(const torch::Tensor& map);

/// @returns the same matrix where row and column k are those of point order[k]; within a row, entries stay in
/// their places.
void reorder(ThreadPool& pool, const Affinities& from, const std::vector<std::int32_t>& order,
             Affinities& to);

}  // namespace svhn::interpret
