#pragma once
/// Sums of outer products, for registers of any width. Inlined into functions that are compiled for one
/// instruction set.

#include <algorithm>
#include <cstdint>

#include "kernels/dense_loops.h"
#include "kernels/vectors.h"

namespace svhn::kernels {

/// Numbers of b's columns that are packed, to stay in the first cache.
inline constexpr std::int64_t kPanelNumbers = 8192;

/// Adds a range's products to Rows x (lanes Vectors) of c. @param panel of b, those rows. Past the last row
/// the last one is taken once more.
template <int kLanes, int kRows, int kVectors>
SVHN_INLINE void outer_block(const OuterProduct& p, const TermRange& depth, const float* panel,
                             std::int64_t row, std::int64_t column) {
  using Float = typename VectorOf<kLanes>::Float;
  std::int64_t steps[kRows];
  for (int r = 0; r < kRows; ++r) steps[r] = std::min(row + r, p.rows - 1) * p.row_step;
  const float* a = p.a + depth.begin * p.depth_step;
  Float sums[kRows][kVectors];
  for (int r = 0; r < kRows; ++r) {
    const float* from = p.c + std::min(row + r, p.rows - 1) * p.columns + column;
    for (int i = 0; i < kVectors; ++i) {
      sums[r][i] = depth.begin > 0 ? *reinterpret_cast<const Float*>(from + i * kLanes) : Float{};
    }
  }
  for (std::int64_t d = depth.begin; d < depth.end; ++d, a += p.depth_step, panel += kVectors * kLanes) {
    Float right[kVectors];
    for (int i = 0; i < kVectors; ++i) right[i] = *reinterpret_cast<const Float*>(panel + i * kLanes);
#pragma GCC unroll 16
    for (int r = 0; r < kRows; ++r) {
      const Float left = a[steps[r]] - Float{};
      for (int i = 0; i < kVectors; ++i) sums[r][i] += left * right[i];
    }
  }
#pragma GCC unroll 16
  for (int r = 0; r < kRows; ++r) {
    if (row + r >= p.rows) break;
    float* to = p.c + (row + r) * p.columns + column;
    for (int i = 0; i < kVectors; ++i) *reinterpret_cast<Float*>(to + i * kLanes) = sums[r][i];
  }
}

template <int kLanes, int kRows, int kVectors>
SVHN_INLINE void outer_strip(const OuterProduct& p, std::int64_t column) {
  using Float = typename VectorOf<kLanes>::Float;
  constexpr std::int64_t kRowsOfPanel = kPanelNumbers / (kVectors * kLanes);
  alignas(64) float panel[kPanelNumbers];
  for (std::int64_t begin = 0; begin < p.depth; begin += kRowsOfPanel) {
    const TermRange depth{begin, std::min(begin + kRowsOfPanel, p.depth)};
    float* to = panel;
    for (std::int64_t d = depth.begin; d < depth.end; ++d) {
      const float* from = p.b + d * p.columns + column;
      for (int i = 0; i < kVectors; ++i, from += kLanes, to += kLanes) {
        *reinterpret_cast<Float*>(to) = *reinterpret_cast<const Float*>(from);
      }
    }
    for (std::int64_t row = 0; row < p.rows; row += kRows) {
      outer_block<kLanes, kRows, kVectors>(p, depth, panel, row, column);
    }
  }
}

/// For fewer columns than a vector has lanes.
SVHN_INLINE void outer_column(const OuterProduct& p, std::int64_t column) {
  for (std::int64_t row = 0; row < p.rows; ++row) {
    float sum = 0.0F;
    for (std::int64_t d = 0; d < p.depth; ++d) {
      sum += p.a[row * p.row_step + d * p.depth_step] * p.b[d * p.columns + column];
    }
    p.c[row * p.columns + column] = sum;
  }
}

/// c's columns [first, last).
template <int kLanes, int kRows, int kVectors>
SVHN_INLINE void outer_products(const OuterProduct& p, std::int64_t first, std::int64_t last) {
  std::int64_t at = first;
  for (; at + kVectors * kLanes <= last; at += kVectors * kLanes) {
    outer_strip<kLanes, kRows, kVectors>(p, at);
  }
  for (; at + kLanes <= last; at += kLanes) outer_strip<kLanes, kRows, 1>(p, at);
  if (at == last) return;
  // The last vector may make some numbers a second time, which gives the same ones.
  if (last - first >= kLanes) return outer_strip<kLanes, kRows, 1>(p, last - kLanes);
  for (; at < last; ++at) outer_column(p, at);
}

}  // namespace svhn::kernels
