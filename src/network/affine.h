#pragma once
/// What a batch norm with fixed statistics is, and how weights before it take it over.

#include <torch/types.h>

namespace svhn::network {

/// y = scale x + shift for each channel or feature, float64 [C] on the processor.
struct Affine {
  torch::Tensor scale;
  torch::Tensor shift;
};

/// The tensors of a batch norm, [C]. @param weight undefined where there is none.
struct NormTensors {
  torch::Tensor weight;
  torch::Tensor bias;
  torch::Tensor mean;
  torch::Tensor variance;
};

/// @returns scale = weight / sqrt(variance + epsilon) and shift = bias - mean scale.
Affine affine_of(const NormTensors& norm, double epsilon);

/// @returns a float64 copy on the processor, in which sums are made.
torch::Tensor exact(const torch::Tensor& tensor);

/// @param weight float64 [out,...]. @returns each output's weights times its scale.
torch::Tensor scale_outputs(const torch::Tensor& weight, const Affine& affine);

}  // namespace svhn::network
