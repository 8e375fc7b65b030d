#pragma once
/// Dot products along the inputs, for registers of any width. Inlined into functions that are compiled for
/// one instruction set.

#include <algorithm>
#include <cstdint>

#include "kernels/dense_loops.h"
#include "kernels/vectors.h"

namespace svhn::kernels {

/// Numbers along the inputs that a pass takes: those of a few outputs, packed, stay in the first cache.
inline constexpr std::int64_t kDepth = 1024;
/// Numbers of the images that are worked on at a time: they are read once for every few outputs, so they are
/// to stay in the second cache.
inline constexpr std::int64_t kImageNumbers = 192 << 10;

/// Outputs from `output` on, the last one once more past the end: a vector of each in turn.
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

/// Adds the terms from `from` on, less than a vector of them.
SVHN_INLINE void add_rests(const DotProducts& p, std::int64_t from, std::int64_t first, std::int64_t last) {
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

/// Adds a range's products to Rows x Columns of y: as many as a vector has lanes. Past the last image the
/// last one is taken once more.
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

/// y of outputs [first, last).
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
  if (whole < inputs) add_rests(p, whole, first, last);
}

}  // namespace svhn::kernels
