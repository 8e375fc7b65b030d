#pragma once
/// Convolutions of images with few channels, as a network's first one; general libraries are slow for them.
/// N = batch, C, H, W = input channels, height, width; O = output channels; K = side of the kernel.

#include <torch/types.h>

#include <cstdint>

namespace svhn::kernels {

/// @returns whether `small_convolution` supports the tensors: on the processor, float32 or bfloat16, at most
/// four input channels, a kernel of at most 7x7, no gradient of x.
bool small_convolution_supports(const torch::Tensor& x, const torch::Tensor& weight);

/// Correlates with stride 1; differentiable in weight and bias.
/// @param x [N,C,H,W]. @param weight f32 [O,C,K,K]. @param bias f32 [O] or undefined.
/// @param padding zeros on every side, below K.
/// @returns [N,O,H + 2 padding - K + 1,W + 2 padding - K + 1] of x's dtype, channels last in memory.
/// Sums are in float32, independent of the number of threads.
torch::Tensor small_convolution(const torch::Tensor& x, const torch::Tensor& weight,
                                const torch::Tensor& bias, std::int64_t padding);

}  // namespace svhn::kernels
