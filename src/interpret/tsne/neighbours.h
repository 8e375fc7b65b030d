#pragma once
/// Exact nearest neighbours by blocked matrix products. N = reference points, M = queries, D = features, K =
/// neighbours of each query.

#include <torch/types.h>

#include <cstdint>
#include <functional>

namespace svhn::interpret {

/// The nearest neighbours of each query, on the CPU.
struct Neighbours {
  torch::Tensor indices;    ///< i32 [M,K], rows of the reference by rising distance, then by rising row.
  torch::Tensor distances;  ///< f32 [M,K], squared Euclidean.
};

struct NeighbourOptions {
  std::int64_t count = 1;              ///< K, 1 … N (N - 1 with `skip_self`).
  bool skip_self = false;              ///< Query i is reference i and is not its own neighbour.
  std::function<void()> between = {};  ///< Called between blocks; an exception from it ends the search.
};

/// Finds each query's nearest reference points. Matrix products in float32 on centred points select K + K/4 +
/// 16 candidates; their distances are then computed from the differences, so that equal points have distance
/// 0. Time O(M N D) at the speed of matrix products, memory O(M K).
/// @param queries f32 [M,D]. @param reference f32 [N,D], on the same device.
Neighbours nearest_neighbours(const torch::Tensor& queries, const torch::Tensor& reference,
                              const NeighbourOptions& options);

/// Version in tensor operations only, used on devices other than the CPU.
Neighbours nearest_neighbours_by_tensors(const torch::Tensor& queries, const torch::Tensor& reference,
                                         const NeighbourOptions& options);

}  // namespace svhn::interpret
