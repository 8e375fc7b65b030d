#pragma once
/// The loops behind the products of dense layers, for registers of any width. Inlined into functions that are
/// compiled for one instruction set.

#include <algorithm>
#include <cstdint>

#include "svhn/compute/dense_products.h"
#include "svhn/compute/vector_clones.h"
#include "vectors.h"

namespace svhn::compute {

/// y = x w' + bias: each number a dot product along the inputs. As in dense_forward.
struct DotProducts {
  const float* x;
  const float* w;
  const float* bias;
  float* y;
  DenseSizes sizes;
};

/// Rows x Columns of y: as many as a vector has lanes. Past the last image or output the last one is taken
/// once more.
template <int kLanes, int kRows>
SVHN_INLINE void dot_block(const DotProducts& p, std::int64_t image, std::int64_t output) {
  using Float = typename VectorOf<kLanes>::Float;
  constexpr int kColumns = kLanes / kRows;
  const auto [images, inputs, outputs] = p.sizes;
  const float *left[kRows], *right[kColumns];
  for (int r = 0; r < kRows; ++r) left[r] = p.x + std::min(image + r, images - 1) * inputs;
  for (int c = 0; c < kColumns; ++c) right[c] = p.w + std::min(output + c, outputs - 1) * inputs;
  Float sums[kLanes];
  for (int i = 0; i < kLanes; ++i) sums[i] = Float{};
  std::int64_t at = 0;
  for (; at + kLanes <= inputs; at += kLanes) {
    Float b[kColumns];
    for (int c = 0; c < kColumns; ++c) b[c] = *reinterpret_cast<const Float*>(right[c] + at);
#pragma GCC unroll 16
    for (int r = 0; r < kRows; ++r) {
      const Float a = *reinterpret_cast<const Float*>(left[r] + at);
      for (int c = 0; c < kColumns; ++c) sums[r * kColumns + c] += a * b[c];
    }
  }
  sum_each<kLanes>(sums);
  float totals[kLanes];
  *reinterpret_cast<Float*>(totals) = sums[0];
  for (int r = 0; r < kRows && image + r < images; ++r) {
    for (int c = 0; c < kColumns && output + c < outputs; ++c) {
      float total = totals[r * kColumns + c] + (p.bias == nullptr ? 0.0F : p.bias[output + c]);
      for (std::int64_t i = at; i < inputs; ++i) total += left[r][i] * right[c][i];
      p.y[(image + r) * outputs + output + c] = total;
    }
  }
}

/// Numbers of the images that are worked on at a time: they are read once for every few outputs, so they are
/// to stay in the second cache.
inline constexpr std::int64_t kImageNumbers = 192 << 10;

/// y of outputs [first, last).
template <int kLanes, int kRows>
SVHN_INLINE void dot_products(const DotProducts& p, std::int64_t first, std::int64_t last) {
  const std::int64_t each = std::max<std::int64_t>(1, kImageNumbers / p.sizes.inputs / kRows) * kRows;
  for (std::int64_t begin = 0; begin < p.sizes.images; begin += each) {
    const std::int64_t end = std::min(begin + each, p.sizes.images);
    for (std::int64_t output = first; output < last; output += kLanes / kRows) {
      for (std::int64_t image = begin; image < end; image += kRows) {
        dot_block<kLanes, kRows>(p, image, output);
      }
    }
  }
}

/// c = a b. a's numbers are `row_step` apart from row to row and `depth_step` along the depth; b
/// [depth,columns] and c [rows,columns] are dense.
struct OuterProduct {
  const float* a;
  const float* b;
  float* c;
  std::int64_t row_step, depth_step;
  std::int64_t rows, columns, depth;
};

/// Rows x (lanes Vectors) of c. Past the last row the last one is taken once more.
template <int kLanes, int kRows, int kVectors>
SVHN_INLINE void outer_block(const OuterProduct& p, std::int64_t row, std::int64_t column) {
  using Float = typename VectorOf<kLanes>::Float;
  std::int64_t steps[kRows];
  for (int r = 0; r < kRows; ++r) steps[r] = std::min(row + r, p.rows - 1) * p.row_step;
  const float *a = p.a, *b = p.b + column;
  Float sums[kRows][kVectors];
  for (int r = 0; r < kRows; ++r) {
    for (int i = 0; i < kVectors; ++i) sums[r][i] = Float{};
  }
  for (std::int64_t d = 0; d < p.depth; ++d, a += p.depth_step, b += p.columns) {
    Float right[kVectors];
    for (int i = 0; i < kVectors; ++i) right[i] = *reinterpret_cast<const Float*>(b + i * kLanes);
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
  for (std::int64_t row = 0; row < p.rows; row += kRows) outer_block<kLanes, kRows, kVectors>(p, row, column);
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

}  // namespace svhn::compute
