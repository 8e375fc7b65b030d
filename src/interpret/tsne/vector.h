#pragma once
/// What the room's hand-written loops share.

#include <torch/types.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <numeric>
#include <vector>

#include "core/vector_clones.h"
#include "interpret/tsne/thread_pool.h"

namespace svhn::interpret {

/// A point of the map.
struct Point {
  float x;
  float y;
};

inline constexpr int kLanes = 16;           ///< Partial sums that a loop keeps, whatever the processor.
inline constexpr std::int64_t kRows = 512;  ///< Rows of one partial sum, whatever the number of threads.

/// Vectors of fixed width, which compilers cut into those that the processor has.
using Lanes = float __attribute__((vector_size(kLanes * sizeof(float))));
using LaneNumbers = std::int32_t __attribute__((vector_size(kLanes * sizeof(std::int32_t))));
using Four = float __attribute__((vector_size(4 * sizeof(float))));

template <typename Vector, typename Scalar>
inline void load(const Scalar* from, Vector& to) {
  std::memcpy(&to, from, sizeof(to));
}

template <typename Vector, typename Scalar>
inline void store(const Vector& from, Scalar* to) {
  std::memcpy(to, &from, sizeof(from));
}

inline float sum_of(const Lanes& lanes) {
  const Lanes halves =
      lanes + __builtin_shufflevector(lanes, lanes, 8, 9, 10, 11, 12, 13, 14, 15, 0, 1, 2, 3, 4, 5, 6, 7);
  const Lanes quarters =
      halves + __builtin_shufflevector(halves, halves, 4, 5, 6, 7, 0, 1, 2, 3, 12, 13, 14, 15, 8, 9, 10, 11);
  return (quarters[0] + quarters[1]) + (quarters[2] + quarters[3]);
}

inline std::int64_t pieces_of(std::int64_t rows) {
  return (rows + kRows - 1) / kRows;
}

/// Adds `of(row)` up by pieces of a fixed size, so that the sum does not depend on the number of threads.
template <typename Of>
double sum_rows(ThreadPool& pool, std::int64_t rows, Of of) {
  std::vector<double> sums(static_cast<std::size_t>(pieces_of(rows)));
  pool.run(pieces_of(rows), [&](std::int64_t piece, int) {
    double sum = 0.0;
    for (auto row = piece * kRows; row < std::min(rows, (piece + 1) * kRows); ++row) sum += of(row);
    sums[static_cast<std::size_t>(piece)] = sum;
  });
  return std::accumulate(sums.begin(), sums.end(), 0.0);
}

template <typename Scalar>
Scalar* data_of(const torch::Tensor& tensor) {
  return tensor.data_ptr<Scalar>();
}

}  // namespace svhn::interpret
