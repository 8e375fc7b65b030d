#pragma once
/// Dropout whose mask is a hash of the element's key: no generator state, no stored mask, and the same mask
/// for any number of threads. N = batch, the other dimensions are one image's features.

#include <torch/types.h>

#include <cstdint>

namespace svhn::kernels {

/// Key of a layer's dropout mask in one step of a run.
struct DropoutKey {
  std::uint64_t seed = 0;      ///< The run's seed.
  std::uint64_t stream = 0;    ///< Of the layer, see core::stream_id.
  std::int64_t step = 0;       ///< Optimizer step from the start of the run.
  std::int64_t first_row = 0;  ///< Index of this batch's first image in the global batch.
};

/// Zeroes a fraction `rate` of the elements and scales the others by 1 / (1 - rate); differentiable.
/// @param input [N, …] float32, float64 or bfloat16, dense in any memory format with N outermost.
/// @param rate [0, 1); 0 returns the input.
/// @see Srivastava et al., "Dropout", JMLR 15, 2014 (inverted form).
torch::Tensor dropout(const torch::Tensor& input, double rate, const DropoutKey& key);

/// Raw-buffer version; pass `dy` to get `dx`. @param from, to f32 [rows,width], may be the same.
/// @param rate (0, 1).
void dropout_rows(const float* from, float* to, std::int64_t rows, std::int64_t width, double rate,
                  const DropoutKey& key);

/// Mask of the elements that `dropout` keeps, by tensor operations, as on devices other than the processor.
/// @returns bool [rows,width], each row in memory order, on `device`.
torch::Tensor dropout_kept(std::int64_t rows, std::int64_t width, double rate, const DropoutKey& key,
                           const torch::Device& device);

/// Parameters of a mask, for loops that apply it. An element is dropped when its hash (see `kept`) is below
/// `threshold`.
struct DropoutMask {
  std::uint64_t seed;
  std::uint64_t stream;
  std::int64_t step;
  std::int64_t first_row;
  std::uint32_t threshold;
  double scale;

  /// @param row index in this batch. @returns the base of its hashes.
  [[nodiscard]] std::uint32_t row_base(std::int64_t row) const;
};

DropoutMask make_dropout_mask(double rate, const DropoutKey& key);

/// murmur3's 32-bit finaliser: every input bit changes each output bit with probability near 1/2.
inline std::uint32_t hash32(std::uint32_t x) {
  x ^= x >> 16;
  x *= 0x85EBCA6BU;
  x ^= x >> 13;
  x *= 0xC2B2AE35U;
  return x ^ (x >> 16);
}

/// @param base of the row. @param element index in the row, in memory order. @returns whether it is kept.
inline bool kept(std::uint32_t base, std::uint32_t element, std::uint32_t threshold) {
  return hash32(base + element * 0x9E3779B9U) >= threshold;
}

}  // namespace svhn::kernels
