#pragma once
/// What FieldGrid does with points in tensor operations alone, for devices other than the processor.

#include <torch/types.h>

#include "interpret/tsne/grid.h"

namespace svhn::interpret {

/// @returns the charges f32 [R,C] of points f32 [N,2].
torch::Tensor spread_by_tensors(const torch::Tensor& points, const GridPlan& plan);

/// @param field f32 [R,C]. @returns f32 [N,3], see FieldGrid::read.
torch::Tensor read_by_tensors(const torch::Tensor& points, const GridPlan& plan, const torch::Tensor& field);

/// @param near f32 [kStencil,kStencil], see kernel_near_zero.
/// @returns f32 [N,3]: each point's share in what `read_by_tensors` returns for it.
torch::Tensor read_own_by_tensors(const torch::Tensor& points, const GridPlan& plan,
                                  const torch::Tensor& near);

}  // namespace svhn::interpret
