#pragma once
/// Exact nearest neighbours by blocked matrix products. N = reference points, M = queries, D = features,
/// K = neighbours of each query.

#include <torch/types.h>

#include <cstdint>
#include <functional>

namespace svhn::interpret {

struct Neighbours {
  torch::Tensor indices;  ///< i32 [M,K] on the processor: rows of the reference by rising distance, then row.
  torch::Tensor distances;  ///< f32 [M,K] on the processor: squared Euclidean.
};

struct NeighbourOptions {
  std::int64_t count = 1;              ///< K, 1 … N (N - 1 where `skip_self`).
  bool skip_self = false;              ///< Query i is reference i and not its own neighbour.
  std::function<void()> between = {};  ///< Called between blocks; what it throws ends the search.
};

/// Finds each query's nearest reference points. Matrix products in float32 on centred points propose K + K/4
/// + 16 candidates; their distances are then computed from the differences, so equal points are at distance
/// 0. Time O(M N D) at the speed of matrix products, memory O(M K).
/// @param queries f32 [M,D]. @param reference f32 [N,D], on the same device.
Neighbours nearest_neighbours(const torch::Tensor& queries, const torch::Tensor& reference,
                              const NeighbourOptions& options);

/// The same in tensor operations alone: what devices other than the processor use.
Neighbours nearest_neighbours_by_tensors(const torch::Tensor& queries, const torch::Tensor& reference,
                                         const NeighbourOptions& options);

}  // namespace svhn::interpret
