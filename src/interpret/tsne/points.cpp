#include "interpret/tsne/points.h"

#include <ATen/ATen.h>

#include <cmath>

#include "core/error.h"
#include "core/signals.h"

namespace svhn::interpret {

using core::Error;
using core::ExitCode;
using torch::Tensor;

void check_points(const Tensor& points, const std::string& name) {
  if (points.dim() != 2 || points.size(0) < 1 || points.size(1) < 1) {
    throw Error(ExitCode::data, "t-SNE: the " + name + " are no table of rows and columns");
  }
  if (points.scalar_type() != at::kFloat)
    throw Error(ExitCode::data, "t-SNE: the " + name + " are not float32");
  const Tensor finite = at::isfinite(points).all(1);
  if (finite.all().item<bool>()) return;
  const auto row = finite.to(at::kInt).argmin().item<std::int64_t>();
  throw Error(ExitCode::data, "t-SNE: row " + std::to_string(row) + " of the " + name + " is not finite");
}

double unit_factor(const Tensor& points) {
  const Tensor extents = points.amax(0).to(at::kDouble) - points.amin(0).to(at::kDouble);
  const auto widest = extents.max().item<double>();
  if (!(widest > 0.0)) throw Error(ExitCode::data, "t-SNE: all points are the same");
  return std::exp2(-std::floor(std::log2(widest)));
}

Reduction::Reduction(const Tensor& points, std::int64_t features, std::uint64_t seed)
    : factor_(unit_factor(points)) {
  if (features > 0 && points.size(1) > features) pca_ = fit_pca(points * factor_, features, seed);
}

Tensor Reduction::apply(const Tensor& points) const {
  return pca_ ? project(*pca_, points * factor_) : points * factor_;
}

void stop_if_asked(const std::function<int()>& signal, const std::string& message) {
  if (!signal) return;
  if (const int number = signal(); number != 0) throw core::Interrupted(number, message);
}

}  // namespace svhn::interpret
