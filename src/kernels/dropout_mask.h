#pragma once
/// The numbers behind a dropout mask, for whoever applies it to memory.

#include <cstdint>

#include "kernels/dropout.h"

namespace svhn::kernels {

/// `row_base` for each row of the batch; elements below `threshold` (of 2^32) are dropped.
struct DropoutMask {
  std::uint64_t seed;
  std::uint64_t stream;
  std::int64_t step;
  std::int64_t first_row;
  std::uint32_t threshold;
  double scale;

  /// @param row of the batch.
  [[nodiscard]] std::uint32_t row_base(std::int64_t row) const;
};

DropoutMask make_dropout_mask(double rate, const DropoutKey& key);

/// A 32-bit finaliser (murmur3's): every input bit changes each output bit with probability near 1/2.
inline std::uint32_t hash32(std::uint32_t x) {
  x ^= x >> 16;
  x *= 0x85EBCA6BU;
  x ^= x >> 13;
  x *= 0xC2B2AE35U;
  return x ^ (x >> 16);
}

/// @param base of the row. @param element its key in the row's memory.
inline bool kept(std::uint32_t base, std::uint32_t element, std::uint32_t threshold) {
  return hash32(base + element * 0x9E3779B9U) >= threshold;
}

}  // namespace svhn::kernels
