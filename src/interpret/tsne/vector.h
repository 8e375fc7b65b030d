#pragma once
/// Vector types and sums that the CPU loops of t-SNE share.

#include <torch/types.h>

#include <cstdint>
#include <cstring>
#include <numeric>
#include <vector>

#include "core/thread_pool.h"
#include "core/vector_clones.h"

namespace svhn::interpret {

/// A point of the map.
struct Point {
  float x;
  float y;
};

inline constexpr int kLanes = 16;           ///< Partial sums of a loop, on every processor.
inline constexpr std::int64_t kRows = 512;  ///< Rows of a partial sum, for any number of threads.

/// Vectors of fixed width; the compiler splits them into the processor's registers.
using Lanes = float __attribute__((vector_size(kLanes * sizeof(float))));
using LaneNumbers = std::int32_t __attribute__((vector_size(kLanes * sizeof(std::int32_t))));
using Four = float __attribute__((vector_size(4 * sizeof(float))));

template <typename Vector, typename Scalar>
SVHN_INLINE void load(const Scalar* from, Vector& to) {
  std::memcpy(&to, from, sizeof(to));
}

template <typename Vector, typename Scalar>
SVHN_INLINE void store(const Vector& from, Scalar* to) {
  std::memcpy(to, &from, sizeof(from));
}

SVHN_INLINE float sum_of(const Lanes& lanes) {
  const Lanes halves =
      lanes + __builtin_shufflevector(lanes, lanes, 8, 9, 10, 11, 12, 13, 14, 15, 0, 1, 2, 3, 4, 5, 6, 7);
  const Lanes quarters =
      halves + __builtin_shufflevector(halves, halves, 4, 5, 6, 7, 0, 1, 2, 3, 12, 13, 14, 15, 8, 9, 10, 11);
  return (quarters[0] + quarters[1]) + (quarters[2] + quarters[3]);
}

/// @returns the sum of `of(begin, end)` over chunks of kRows rows, which does not depend on the number of
/// threads.
template <typename Of>
double sum_ranges(core::ThreadPool& pool, std::int64_t rows, const Of& of) {
  std::vector<double> sums(static_cast<std::size_t>((rows + kRows - 1) / kRows));
  pool.run_ranges(rows, kRows, [&](std::int64_t begin, std::int64_t end) {
    sums[static_cast<std::size_t>(begin / kRows)] = of(begin, end);
  });
  return std::accumulate(sums.begin(), sums.end(), 0.0);
}

template <typename Scalar>
Scalar* data_of(const torch::Tensor& tensor) {
  return tensor.data_ptr<Scalar>();
}

}  // namespace svhn::interpret
