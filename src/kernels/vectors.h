#pragma once
/// SIMD vectors of any width, and sums over their lanes. They are passed by reference: the ABI for values
/// differs between instruction sets.

#include <cstdint>

#include "core/vector_clones.h"

namespace svhn::kernels {

template <int kCount>
struct VectorOf;
template <>
struct VectorOf<16> {
  using Float = float __attribute__((vector_size(64), aligned(4), may_alias));
  using Index = std::int32_t __attribute__((vector_size(64)));
};
template <>
struct VectorOf<8> {
  using Float = float __attribute__((vector_size(32), aligned(4), may_alias));
  using Index = std::int32_t __attribute__((vector_size(32)));
};
template <>
struct VectorOf<4> {
  using Float = float __attribute__((vector_size(16), aligned(4), may_alias));
  using Index = std::int32_t __attribute__((vector_size(16)));
};

/// Adds neighbouring groups of `kWidth` lanes pairwise: a = [sums of a's pairs, sums of b's pairs].
template <int kLanes, int kWidth>
SVHN_INLINE void add_pairs(typename VectorOf<kLanes>::Float& a, const typename VectorOf<kLanes>::Float& b) {
  typename VectorOf<kLanes>::Index first{}, second{};
  for (int i = 0; i < kLanes; ++i) {
    first[i] = i / kWidth * 2 * kWidth + i % kWidth;
    second[i] = first[i] + kWidth;
  }
  a = __builtin_shuffle(a, b, first) + __builtin_shuffle(a, b, second);
}

/// Sums the lanes of each vector; v[0] receives the sums in the order of the vectors.
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

/// Vector types of any number of lanes, one included, to be loaded and stored by std::memcpy.
template <std::int64_t kCount>
struct Lanes {
  using Float [[gnu::vector_size(kCount * 4)]] = float;
  using Index [[gnu::vector_size(kCount * 4)]] = std::int32_t;
  using Half [[gnu::vector_size(kCount * 2)]] = std::uint16_t;
  using Byte [[gnu::vector_size(kCount)]] = std::uint8_t;
};
/// Channels that a loop takes at a time; single channels at the end are vectors of one lane.
inline constexpr std::int64_t kChannelLanes = 16;

}  // namespace svhn::kernels
