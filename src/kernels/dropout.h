#pragma once
/// Dropout whose mask is a hash of the element's key, so that it needs no generator state, no stored mask
/// and comes out the same for any number of threads. N = batch, the rest of the shape is one image's
/// features.

#include <torch/types.h>

#include <cstdint>

namespace svhn::kernels {

/// Where a dropout mask stands in a run.
struct DropoutKey {
  std::uint64_t seed = 0;      ///< The run's seed.
  std::uint64_t stream = 0;    ///< Which layer, see core::stream_id.
  std::int64_t step = 0;       ///< Optimizer step from the start of the run.
  std::int64_t first_row = 0;  ///< Place of this batch's first image in the global batch.
};

/// Zeroes a share of the elements and scales the others by 1 / (1 - rate); differentiable.
/// @param input [N, …] float32, float64 or bfloat16, dense in any memory format with N outermost.
/// @param rate [0, 1); 0 returns the input.
/// @see Srivastava et al., "Dropout", JMLR 15, 2014 (inverted form).
torch::Tensor dropout(const torch::Tensor& input, double rate, const DropoutKey& key);

/// The same on memory, and of a gradient its gradient. @param from, to f32 [rows,width], may be the same.
/// @param rate (0, 1).
void dropout_rows(const float* from, float* to, std::int64_t rows, std::int64_t width, double rate,
                  const DropoutKey& key);

/// Which elements `dropout` keeps, spelled in tensor operations: what devices other than the processor use.
/// @returns bool [rows,width], each row in memory order, on `device`.
torch::Tensor dropout_kept(std::int64_t rows, std::int64_t width, double rate, const DropoutKey& key,
                           const torch::Device& device);

}  // namespace svhn::kernels
