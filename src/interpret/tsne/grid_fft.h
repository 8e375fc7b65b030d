#pragma once
/// The convolution of a grid of charges with the kernel 1 / (1 + d^2).

#include <torch/types.h>

#include "interpret/tsne/grid.h"

namespace svhn::interpret {

/// The kernel's transform for a grid, of twice its size so that nothing wraps around, divided by those of the
/// splines that spread charges and read the field. It is real, since the kernel is even.
/// @returns f32 [C + 1,2R] for R rows and C columns of nodes, columns first.
torch::Tensor kernel_transform(const GridPlan& plan, const torch::Device& device);

/// @returns f32 [kStencil,kStencil]: what a charge of 1 puts on nodes so many columns and rows away.
torch::Tensor kernel_near_zero(const torch::Tensor& kernel);

/// @param charges f32 [R,C]. @returns the field's coefficients f32 [R,C].
torch::Tensor convolve(const torch::Tensor& charges, const torch::Tensor& kernel);

}  // namespace svhn::interpret
