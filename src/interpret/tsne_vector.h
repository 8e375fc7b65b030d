#pragma once
/// What the room's hand-written loops share.

#include <ATen/Parallel.h>
#include <torch/types.h>

#include <algorithm>
#include <cstdint>
#include <numeric>
#include <vector>

#include "svhn/compute/vector_clones.h"

namespace svhn::interpret {

inline constexpr int kLanes = 16;           ///< Partial sums that a loop keeps, whatever the processor.
inline constexpr std::int64_t kRows = 512;  ///< Rows of one partial sum, whatever the number of threads.

inline std::int64_t pieces_of(std::int64_t rows) {
  return (rows + kRows - 1) / kRows;
}

/// Adds `of(row)` up by pieces of a fixed size, so that the sum does not depend on the number of threads.
template <typename Of>
double sum_rows(std::int64_t rows, Of of) {
  std::vector<double> sums(static_cast<std::size_t>(pieces_of(rows)));
  at::parallel_for(0, pieces_of(rows), 1, [&](std::int64_t begin, std::int64_t end) {
    for (auto piece = begin; piece < end; ++piece) {
      double sum = 0.0;
      for (auto row = piece * kRows; row < std::min(rows, (piece + 1) * kRows); ++row) sum += of(row);
      sums[static_cast<std::size_t>(piece)] = sum;
    }
  });
  return std::accumulate(sums.begin(), sums.end(), 0.0);
}

template <typename Scalar>
Scalar* data_of(const torch::Tensor& tensor) {
  return tensor.data_ptr<Scalar>();
}

}  // namespace svhn::interpret
