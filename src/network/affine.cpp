#include "network/affine.h"

#include <vector>

namespace svhn::network {

using torch::Tensor;

Tensor exact(const Tensor& tensor) {
  return tensor.detach().to(torch::kCPU, torch::kFloat64);
}

Affine affine_of(const NormTensors& norm, double epsilon) {
  Tensor scale = (exact(norm.variance) + epsilon).rsqrt();
  if (norm.weight.defined()) scale = scale * exact(norm.weight);
  return {scale, exact(norm.bias) - exact(norm.mean) * scale};
}

Tensor scale_outputs(const Tensor& weight, const Affine& affine) {
  std::vector<std::int64_t> rows(static_cast<std::size_t>(weight.dim()), 1);
  rows[0] = -1;
  return weight * affine.scale.view(rows);
}

}  // namespace svhn::network
