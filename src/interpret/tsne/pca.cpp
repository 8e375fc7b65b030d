#include "interpret/tsne/pca.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>

#include "core/error.h"
#include "core/random.h"

namespace svhn::interpret {
namespace {

using torch::Tensor;

constexpr std::int64_t kBlock = 4096;  // points at once, so that there is no copy of a wide input
constexpr std::int64_t kOversampling = 10;
constexpr int kIterations = 8;

/// Calls `use` with blocks of centred points.
template <typename Use>
void for_blocks(const Tensor& points, const Tensor& mean, at::ScalarType type, Use use) {
  const Tensor centre = mean.to(type);
  for (std::int64_t begin = 0; begin < points.size(0); begin += kBlock) {
    use(points.slice(0, begin, begin + kBlock).to(type) - centre);
  }
}

Tensor mean_of(const Tensor& points) {
  Tensor sum = at::zeros({points.size(1)}, points.options().dtype(at::kDouble));
  for_blocks(points, sum, at::kDouble, [&](const Tensor& block) { sum = sum + block.sum(0); });
  return sum / static_cast<double>(points.size(0));
}

/// @returns X^T X in float64.
Tensor covariance(const Tensor& points, const Tensor& mean) {
  const auto width = points.size(1);
  Tensor sum = at::zeros({width, width}, mean.options());
  for_blocks(points, mean, at::kDouble, [&](const Tensor& block) { sum.addmm_(block.t(), block); });
  return sum;
}

/// @returns X^T (X Q), with products in float32 and sums over blocks in float64.
Tensor apply_covariance(const Tensor& points, const Tensor& mean, const Tensor& basis) {
  Tensor sum = at::zeros_like(basis);
  const Tensor narrow = basis.to(at::kFloat);
  for_blocks(points, mean, at::kFloat, [&](const Tensor& block) {
    sum.add_(at::mm(block.t(), at::mm(block, narrow)).to(at::kDouble));
  });
  return sum;
}

Tensor random_directions(std::int64_t features, std::int64_t count, std::uint64_t seed) {
  core::CounterRandom random(seed, core::stream_id("pca"));
  Tensor directions = at::empty({features, count}, at::kDouble);
  auto* values = directions.data_ptr<double>();
  std::generate(values, values + features * count, [&] { return random.normal(); });
  return directions;
}

/// @returns f64 [D,L] orthonormal columns that span the strongest directions, and the covariance within them.
std::pair<Tensor, Tensor> strongest_subspace(const Tensor& points, const Tensor& mean, std::int64_t width,
                                             std::uint64_t seed) {
  Tensor basis = random_directions(points.size(1), width, seed).to(points.device());
  basis = std::get<0>(at::linalg_qr(basis));
  for (int i = 0; i < kIterations; ++i) {
    basis = std::get<0>(at::linalg_qr(apply_covariance(points, mean, basis)));
  }
  const Tensor within = at::mm(basis.t(), apply_covariance(points, mean, basis));
  return {basis, (within + within.t()) / 2};
}

/// Sets the sign of each component so that the point with the largest absolute score has a positive one.
void fix_signs(Pca& pca, const Tensor& points) {
  const Tensor scores = project(pca, points);
  const Tensor rows = scores.abs().argmax(0, /*keepdim=*/true);
  const Tensor extreme = scores.gather(0, rows).squeeze(0);
  pca.components.mul_(at::where(extreme < 0, -1.0, 1.0).to(at::kDouble).unsqueeze(1));
}

/// The scale keeps points within float32's range; affinities do not depend on it.
/// @returns the power of two that scales the widest feature's extent to 1 … 2.
/// @throws core::Error(data) when all points coincide.
double unit_factor(const Tensor& points) {
  const Tensor extents = points.amax(0).to(at::kDouble) - points.amin(0).to(at::kDouble);
  const auto widest = extents.max().item<double>();
  if (!(widest > 0.0)) throw core::Error(core::ExitCode::data, "t-SNE: all points are the same");
  return std::exp2(-std::floor(std::log2(widest)));
}

}  // namespace

Pca fit_pca(const Tensor& points, std::int64_t components, std::uint64_t seed) {
  const auto features = points.size(1), most = std::min(points.size(0), features);
  const auto count = std::min(components, most);
  Pca pca;
  pca.mean = mean_of(points);
  Tensor within, basis;
  if (features <= kExactPcaFeatures) {
    within = covariance(points, pca.mean);
  } else {
    std::tie(basis, within) =
        strongest_subspace(points, pca.mean, std::min(count + kOversampling, most), seed);
  }
  auto [values, vectors] = at::linalg_eigh(within);  // by rising eigenvalue
  vectors = vectors.flip(1).slice(1, 0, count);
  if (basis.defined()) vectors = at::mm(basis, vectors);
  const auto freedom = static_cast<double>(std::max<std::int64_t>(points.size(0) - 1, 1));
  pca.variances = values.flip(0).slice(0, 0, count).clamp_min(0.0) / freedom;
  pca.components = vectors.t().contiguous();
  fix_signs(pca, points);
  return pca;
}

Tensor project(const Pca& pca, const Tensor& points) {
  Tensor scores = at::empty({points.size(0), pca.components.size(0)}, points.options().dtype(at::kFloat));
  const Tensor directions = pca.components.t();
  std::int64_t row = 0;
  for_blocks(points, pca.mean, at::kDouble, [&](const Tensor& block) {
    scores.slice(0, row, row + block.size(0)).copy_(at::mm(block, directions));
    row += block.size(0);
  });
  return scores;
}

Reduction::Reduction(const Tensor& points, std::int64_t features, std::uint64_t seed)
    : factor_(unit_factor(points)) {
  if (features > 0 && points.size(1) > features) pca_ = fit_pca(points * factor_, features, seed);
}

Tensor Reduction::apply(const Tensor& points) const {
  return pca_ ? project(*pca_, points * factor_) : points * factor_;
}

}  // namespace svhn::interpret
