#pragma once
/// Loops of the matrix products of dense layers, for vectors of any width. All of it is inlined into
/// functions that are compiled for one instruction set.

#include <algorithm>
#include <cstdint>

#include "kernels/dense_products.h"
#include "kernels/vectors.h"

namespace svhn::kernels {

/// Terms [begin, end) of each sum.
struct TermRange {
  std::int64_t begin, end;
};

/// y = x w' + bias: each element is a dot product along the inputs; fields as in dense_forward.
struct DotProducts {
  const float* x;
  const float* w;
  const float* bias;
  float* y;
  DenseSizes sizes;
};

/// c = a b, summed as outer products. a has the strides `row_step` and `depth_step`; b [depth,columns] and c
/// [rows,columns] are contiguous.
struct OuterProduct {
  const float* a;
  const float* b;
  float* c;
  std::int64_t row_step, depth_step;
  std::int64_t rows, columns, depth;
};

/// Inputs of one pass: the packed weights of a few outputs stay in the L1 cache.
inline constexpr std::int64_t kDepth = 1024;
/// Numbers of the images of one pass: they are read once for every few outputs and stay in the L2 cache.
inline constexpr std::int64_t kImageNumbers = 192 << 10;

/// Packs the weights of kColumns outputs from `output` on: one vector of each in turn. Repeats the last
/// output past the end.
template <int kLanes, int kColumns>
SVHN_INLINE void pack_outputs(const DotProducts& p, const TermRange& depth, std::int64_t output,
                              float* packed) {
  using Float = typename VectorOf<kLanes>::Float;
  const float* from[kColumns];
  for (int c = 0; c < kColumns; ++c) {
    from[c] = p.w + std::min(output + c, p.sizes.outputs - 1) * p.sizes.inputs;
  }
  for (std::int64_t at = depth.begin; at < depth.end; at += kLanes) {
    for (int c = 0; c < kColumns; ++c, packed += kLanes) {
      *reinterpret_cast<Float*>(packed) = *reinterpret_cast<const Float*>(from[c] + at);
    }
  }
}

/// Adds the remaining terms from `from` on, fewer than a vector has lanes.
SVHN_INLINE void add_remainder(const DotProducts& p, std::int64_t from, std::int64_t first,
                               std::int64_t last) {
  const auto [images, inputs, outputs] = p.sizes;
  for (std::int64_t image = 0; image < images; ++image) {
    for (std::int64_t output = first; output < last; ++output) {
      const float *a = p.x + image * inputs, *b = p.w + output * inputs;
      float sum = p.y[image * outputs + output];
      for (std::int64_t i = from; i < inputs; ++i) sum += a[i] * b[i];
      p.y[image * outputs + output] = sum;
    }
  }
}

/// Adds the products of a range of terms to a block of kRows x kColumns of y, kLanes elements. Repeats the
/// last image past the end.
template <int kLanes, int kRows>
SVHN_INLINE void dot_block(const DotProducts& p, const TermRange& depth, const float* packed,
                           std::int64_t image, std::int64_t output) {
  using Float = typename VectorOf<kLanes>::Float;
  constexpr int kColumns = kLanes / kRows;
  const auto [images, inputs, outputs] = p.sizes;
  const float* left[kRows];
  for (int r = 0; r < kRows; ++r) left[r] = p.x + std::min(image + r, images - 1) * inputs;
  Float sums[kLanes];
  for (int i = 0; i < kLanes; ++i) sums[i] = Float{};
  for (std::int64_t at = depth.begin; at < depth.end; at += kLanes, packed += kColumns * kLanes) {
    Float b[kColumns];
    for (int c = 0; c < kColumns; ++c) b[c] = *reinterpret_cast<const Float*>(packed + c * kLanes);
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
      float& y = p.y[(image + r) * outputs + output + c];
      const float start = p.bias == nullptr ? 0.0F : p.bias[output + c];
      y = totals[r * kColumns + c] + (depth.begin > 0 ? y : start);
    }
  }
}

/// Computes y of outputs [first, last).
template <int kLanes, int kRows>
SVHN_INLINE void dot_products(const DotProducts& p, std::int64_t first, std::int64_t last) {
  constexpr int kColumns = kLanes / kRows;
  alignas(64) float packed[kDepth * kColumns];
  const std::int64_t images = p.sizes.images, inputs = p.sizes.inputs;
  const std::int64_t whole = inputs / kLanes * kLanes;
  const std::int64_t each =
      std::max<std::int64_t>(1, kImageNumbers / std::min(inputs, kDepth) / kRows) * kRows;
  for (std::int64_t start = 0; start < images; start += each) {
    const std::int64_t stop = std::min(start + each, images);
    TermRange depth{0, 0};
    do {
      depth = {depth.end, std::min(depth.end + kDepth, whole)};
      for (std::int64_t output = first; output < last; output += kColumns) {
        pack_outputs<kLanes, kColumns>(p, depth, output, packed);
        for (std::int64_t image = start; image < stop; image += kRows) {
          dot_block<kLanes, kRows>(p, depth, packed, image, output);
        }
      }
    } while (depth.end < whole);
  }
  if (whole < inputs) add_remainder(p, whole, first, last);
}

/// Numbers of a packed panel of b; it stays in the L1 cache.
inline constexpr std::int64_t kPanelNumbers = 8192;

/// Adds the products of a range of terms to a block of c: kRows rows of kVectors vectors. Repeats the last
/// row past the end. @param panel the range's rows of b.
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

/// Computes kVectors vectors of columns of c, from `column` on.
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

/// Computes a single column, where fewer are left than a vector has lanes.
SVHN_INLINE void outer_column(const OuterProduct& p, std::int64_t column) {
  for (std::int64_t row = 0; row < p.rows; ++row) {
    float sum = 0.0F;
    for (std::int64_t d = 0; d < p.depth; ++d) {
      sum += p.a[row * p.row_step + d * p.depth_step] * p.b[d * p.columns + column];
    }
    p.c[row * p.columns + column] = sum;
  }
}

/// Computes columns [first, last) of c.
template <int kLanes, int kRows, int kVectors>
SVHN_INLINE void outer_products(const OuterProduct& p, std::int64_t first, std::int64_t last) {
  std::int64_t at = first;
  for (; at + kVectors * kLanes <= last; at += kVectors * kLanes) {
    outer_strip<kLanes, kRows, kVectors>(p, at);
  }
  for (; at + kLanes <= last; at += kLanes) outer_strip<kLanes, kRows, 1>(p, at);
  if (at == last) return;
  // The last vector may overlap the one before; those numbers are computed again with the same result.
  if (last - first >= kLanes) return outer_strip<kLanes, kRows, 1>(p, last - kLanes);
  for (; at < last; ++at) outer_column(p, at);
}

}  // namespace svhn::kernels
