#include "train/whitening.h"

#include <algorithm>
#include <variant>

#include "data/batch.h"

namespace svhn::train {
namespace {

using torch::Tensor;

constexpr std::size_t kImages = 2000;
constexpr double kEpsilon = 5e-4;  // Keeps directions without variance from becoming noise.

/// @returns f64 [n,C,H,W].
Tensor first_images(const data::PreparedData& data, const data::PreprocessPlan& plan) {
  const data::PixelSource source(data, plan);
  const auto rows = data.indices(data::Split::train);
  const std::size_t count = std::min(rows.size(), kImages);
  std::vector<std::int64_t> shape = source.shape();
  shape.insert(shape.begin(), static_cast<std::int64_t>(count));
  Tensor images = torch::empty(shape, torch::kFloat32);
  const auto numbers = static_cast<std::size_t>(images[0].numel());
  auto* at = static_cast<float*>(images.data_ptr());
  for (std::size_t i = 0; i < count; ++i) source.read(rows[i], {at + i * numbers, numbers});
  return images.to(torch::kFloat64);
}

/// @returns f64 [D,D], the mean of the patches' products.
Tensor patch_covariance(const Tensor& images, const torch::IntArrayRef kernel) {
  const std::int64_t d = kernel[1] * kernel[2] * kernel[3];
  Tensor sum = torch::zeros({d, d}, torch::kFloat64);
  std::int64_t patches = 0;
  for (const Tensor& part : images.split(100)) {
    const Tensor rows =
        part.unfold(2, kernel[2], 1).unfold(3, kernel[3], 1).permute({0, 2, 3, 1, 4, 5}).reshape({-1, d});
    sum += rows.t().mm(rows);
    patches += rows.size(0);
  }
  return sum / static_cast<double>(patches);
}

/// @returns [filters/2,C,kh,kw] f64, largest variance first.
Tensor whitening_kernels(const Tensor& covariance, const torch::IntArrayRef kernel) {
  const auto [variances, vectors] = at::linalg_eigh(covariance);  // Ascending.
  Tensor rows = (vectors / (variances + kEpsilon).sqrt()).t().flip(0).narrow(0, 0, kernel[0] / 2);
  // Of the two signs that of a positive sum of the entries' cubes, whatever the library returns.
  const Tensor sign = at::where(rows.pow(3).sum(1, true) < 0, -1.0, 1.0);
  return (rows * sign).reshape({kernel[0] / 2, kernel[1], kernel[2], kernel[3]});
}

bool is_whitening(const model::Node& node) {
  const auto* conv = std::get_if<model::Conv2dOp>(&node.op);
  return conv != nullptr && conv->initializer == model::KernelInitializer::whitening;
}

}  // namespace

void whiten_first_convolutions(network::Network& network, const data::PreparedData& data,
                               const data::PreprocessPlan& plan) {
  const torch::NoGradGuard no_grad;
  Tensor images;
  for (const model::Node& node : network.graph().nodes) {
    if (!is_whitening(node)) continue;
    if (!images.defined()) images = first_images(data, plan);
    const auto& tensors = network.tensors();
    const auto weight = std::ranges::find(tensors, node.tensors.front().name, &network::NamedTensor::name);
    const Tensor half =
        whitening_kernels(patch_covariance(images, weight->tensor.sizes()), weight->tensor.sizes());
    weight->tensor.detach().copy_(at::cat({half, -half}));
  }
}

}  // namespace svhn::train
