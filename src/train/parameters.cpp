#include "train/parameters.h"

#include <algorithm>

namespace svhn::train {

using torch::Tensor;

namespace {

/// @returns a view of a tensor's part of a flat buffer. On the CPU convolution kernels are stored channels
/// last, as convolutions read them, which saves reordering weights and gradients in every step.
Tensor shaped(const Tensor& part, const Tensor& like) {
  const auto sizes = like.sizes();
  const bool kernel = like.dim() == 4 && sizes[1] > 1 && sizes[2] * sizes[3] > 1;
  if (!kernel || !like.device().is_cpu() || like.scalar_type() != torch::kFloat32) return part.view(sizes);
  return part.view({sizes[0], sizes[2], sizes[3], sizes[1]}).permute({0, 3, 1, 2});
}

}  // namespace

FlatParameters::FlatParameters(const std::vector<network::NamedTensor>& tensors) : tensors_(tensors) {
  std::int64_t count = 0;
  for (const auto& item : tensors_) count += item.tensor.numel();
  const auto options = tensors_.empty() ? torch::TensorOptions() : tensors_.front().tensor.options();
  values_ = torch::empty({count}, options.requires_grad(false));
  gradients_ = torch::zeros_like(values_);
  const auto values = split(values_, "");
  const auto gradients = split(gradients_, "");
  for (std::size_t i = 0; i < tensors_.size(); ++i) {
    Tensor& parameter = tensors_[i].tensor;
    values[i].tensor.copy_(parameter.detach());
    parameter.set_data(values[i].tensor);
    parameter.set_requires_grad(true);
    // Autograd adds into a gradient that is already there, so it lands in the flat buffer.
    parameter.mutable_grad() = gradients[i].tensor;
  }
}

std::vector<network::NamedTensor> FlatParameters::split(const Tensor& flat, const std::string& prefix,
                                                        std::int64_t first) const {
  std::vector<network::NamedTensor> views;
  views.reserve(tensors_.size());
  std::int64_t offset = 0;
  for (const auto& item : tensors_) {
    const std::int64_t count = item.tensor.numel(), at = offset - first;
    offset += count;
    if (at < 0 || at + count > flat.numel()) continue;
    views.push_back({prefix + item.name, shaped(flat.narrow(0, at, count), item.tensor), item.trainable});
  }
  return views;
}

double FlatParameters::clip_norm(double limit) {
  const double norm = gradients_.norm().item().toDouble();
  if (norm <= limit) return 1.0;
  const double factor = limit / norm;
  gradients_.mul_(factor);
  return factor;
}

}  // namespace svhn::train
