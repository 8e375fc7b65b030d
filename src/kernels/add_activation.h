#pragma once
/// Sum of two tensors and an activation in one pass over memory, as behind the branches of a residual block.

#include <torch/types.h>

#include "kernels/norm_block.h"

namespace svhn::kernels {

/// @returns whether add_activation supports a and b: on the processor, both float32 or both bfloat16, of the
/// same shape. Any shape will do, empty ones too.
bool add_activation_supports(const torch::Tensor& a, const torch::Tensor& b);

/// y = activation(a + b); differentiable, both inputs get the same tensor as gradient. bfloat16 is added in
/// float and rounded once. Relu gives the bits of at::relu(at::add(a, b)), the other activations those of
/// at::elu and at::selu up to rounding. The number of threads does not change the result.
/// @param a, b see add_activation_supports; fastest in the same memory format, else b is copied to a's.
/// @param reuse_a whether y may take a's memory. If so, a holds y afterwards, and for autograd this is an
/// in-place operation: a may be no leaf, and backward throws if another operation has saved a.
/// @returns a's dtype, shape and memory format.
/// @throws core::Error(bug) for inputs that are not supported.
/// @see He et al., "Deep residual learning for image recognition", 2016
torch::Tensor add_activation(const torch::Tensor& a, const torch::Tensor& b, BlockActivation activation,
                             bool reuse_a = false);

}  // namespace svhn::kernels
