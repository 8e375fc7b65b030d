#pragma once
/// Vectors of any width, and sums over them. They go by reference: a value would be passed differently by
/// each instruction set.

#include <cstdint>

#include "core/vector_clones.h"

namespace svhn::kernels {

template <int kCount>
struct VectorOf;
template <>
struct VectorOf<16> {
  using Float = float __attribute__((vector_size(64), aligned(4), may_alias));
  using Place = std::int32_t __attribute__((vector_size(64)));
};
template <>
struct VectorOf<8> {
  using Float = float __attribute__((vector_size(32), aligned(4), may_alias));
  using Place = std::int32_t __attribute__((vector_size(32)));
};
template <>
struct VectorOf<4> {
  using Float = float __attribute__((vector_size(16), aligned(4), may_alias));
  using Place = std::int32_t __attribute__((vector_size(16)));
};

/// Adds neighbouring groups of `kWidth` lanes: [a's groups in pairs, b's groups in pairs].
template <int kLanes, int kWidth>
SVHN_INLINE void add_pairs(typename VectorOf<kLanes>::Float& a, const typename VectorOf<kLanes>::Float& b) {
  typename VectorOf<kLanes>::Place first{}, second{};
  for (int i = 0; i < kLanes; ++i) {
    first[i] = i / kWidth * 2 * kWidth + i % kWidth;
    second[i] = first[i] + kWidth;
  }
  a = __builtin_shuffle(a, b, first) + __builtin_shuffle(a, b, second);
}

/// The sum over each of as many vectors as a vector has lanes, in their order, left in the first.
template <int kLanes>
SVHN_INLINE void sum_each(typename VectorOf<kLanes>::Float (&v)[kLanes]) {
#pragma GCC unroll 16
  for (int i = 0; i < kLanes / 2; ++i) add_pairs<kLanes, kLanes / 2>(v[i] = v[2 * i], v[2 * i + 1]);
  if constexpr (kLanes == 16) {
#pragma GCC unroll 16
    for (int i = 0; i < 4; ++i) add_pairs<kLanes, 4>(v[i] = v[2 * i], v[2 * i + 1]);
  }
  if constexpr (kLanes >= 8) {
#pragma GCC unroll 16
    for (int i = 0; i < 2; ++i) add_pairs<kLanes, 2>(v[i] = v[2 * i], v[2 * i + 1]);
  }
  add_pairs<kLanes, 1>(v[0], v[1]);
}

}  // namespace svhn::kernels
