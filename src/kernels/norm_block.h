#pragma once
/// The layers behind a convolution or dense layer as one operation: activation, batch norm, second
/// activation, 2x2 max pooling, dropout. The results equal those of the separate operations up to rounding
/// (bfloat16 rounds once, at the end) and do not depend on the number of threads. N, C, H, W = batch,
/// channels, height, width; F = features.

#include <torch/types.h>

#include <cstdint>

#include "distributed/process_group.h"
#include "kernels/dropout.h"

namespace svhn::kernels {

/// Activations whose derivative can be computed from their output.
enum class BlockActivation : std::uint8_t { linear, relu, elu, selu };

/// @returns whether the operations below support x: on the processor, float32 or bfloat16, [N,F] or
/// [N,C,H,W], not empty and, with pooling, of even height and width.
bool norm_block_supports(const torch::Tensor& x, bool pool);

struct NormBlock {
  BlockActivation activation = BlockActivation::linear;
  torch::Tensor weight;  ///< Batch norm's scale, f32 [C] or [F].
  torch::Tensor bias;    ///< Batch norm's offset, same shape.
  double epsilon = 1e-3;
  bool pool = false;          ///< 2x2, stride 2.
  double dropout_rate = 0.0;  ///< [0, 1).
  DropoutKey dropout_key{};
  /// Processes that run this operation on the other images of the batch: the statistics are of all images.
  /// The gradients of weight and bias are of x alone. Borrowed; nullptr: x is the batch.
  distributed::ProcessGroup* group = nullptr;
  torch::Tensor group_shift{};                      ///< With a group: [C] or [F], see all_reduce_moments.
  BlockActivation after = BlockActivation::linear;  ///< Second activation, behind batch norm.
};

/// Statistics of a batch, f32 [C] or [F] each.
struct BatchStatistics {
  torch::Tensor mean;
  torch::Tensor variance;  ///< Bessel-corrected; 0 for a single value.
  std::int64_t count = 0;  ///< Values per channel.
};

/// The statistics of the forward pass, which the backward pass needs, f32 [C] or [F] each.
struct Moments {
  torch::Tensor mean;
  torch::Tensor variance;   ///< Bessel-corrected; 0 for a single value.
  torch::Tensor deviation;  ///< 1 / sqrt(biased variance + epsilon).
  double count = 0.0;       ///< Values per channel.
};

/// Normalises by the batch's statistics, as in training; differentiable in x, weight and bias.
/// @param x see norm_block_supports; overwritten with the output of `activation`, unless that is linear: then
/// x is only read, and other operations may read it, too. The backward pass reads it again.
/// @param statistics filled.
/// @returns x's dtype, [N,F], [N,C,H,W] or [N,C,H/2,W/2], channels last in memory.
/// @see Ioffe and Szegedy, "Batch normalization", 2015 (both passes)
torch::Tensor norm_block(const torch::Tensor& x, const NormBlock& block, BatchStatistics& statistics);

/// Inference version: y = after(activation(x) scale + offset), optionally pooled; not differentiable.
/// @param x only read. @param scale, offset f32 [C] or [F]; undefined: 1 and 0.
torch::Tensor affine_epilogue(const torch::Tensor& x, BlockActivation activation, const torch::Tensor& scale,
                              const torch::Tensor& offset, bool pool,
                              BlockActivation after = BlockActivation::linear);

}  // namespace svhn::kernels
