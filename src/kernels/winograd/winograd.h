#pragma once
/// 3x3 convolutions of many channels with fewer multiplications: F(2x2,3x3) needs 16 for four outputs instead
/// of 36. N = batch, C, H, W = input channels, height, width; O = output channels.
/// @see Lavin and Gray, "Fast Algorithms for Convolutional Neural Networks", 2015

#include <torch/types.h>

#include <cstdint>

namespace svhn::kernels {

/// @returns whether `winograd_convolution` supports the tensors and is fast for them: on the processor;
/// float32, or bfloat16 where the processor has instructions for it (AVX512_BF16, but not AMX, whose plain
/// products are faster still); a 3x3 kernel; input and output channels multiples of 16, at least 32 input
/// channels, few enough that the kernels fit the caches.
bool winograd_supports(const torch::Tensor& x, const torch::Tensor& weight);

/// Correlates with stride 1; differentiable in x, weight and bias.
/// @param x [N,C,H,W]. @param weight f32 [O,C,3,3]. @param bias f32 [O] or undefined.
/// @param padding zeros on every side, 0 to 2.
/// @returns [N,O,H + 2 padding - 2,W + 2 padding - 2] of x's dtype, channels last in memory. Sums are in
/// float32; bfloat16 also rounds the transformed windows and kernels, an error two to three times that of
/// rounding the result. The same bits for the same number of threads.
torch::Tensor winograd_convolution(const torch::Tensor& x, const torch::Tensor& weight,
                                   const torch::Tensor& bias, std::int64_t padding);

}  // namespace svhn::kernels
