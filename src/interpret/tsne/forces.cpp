#include "interpret/tsne/forces.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "core/error.h"
#include "interpret/tsne/grid.h"
#include "interpret/tsne/repulsion.h"
#include "interpret/tsne/vector.h"

namespace svhn::interpret {
namespace {

using torch::Tensor;

constexpr std::int64_t kTensorPairs = std::int64_t{1} << 24;

/// Repulsion on one point by all, itself included: it adds 1 to the sum of weights and nothing to the force.
SVHN_VECTOR_CLONES
void repel(const float* xs, const float* ys, std::int64_t count, Point place, float* out) {
  double weights[kLanes] = {}, along_x[kLanes] = {}, along_y[kLanes] = {};
  std::int64_t i = 0;
  for (; i < count; i += kLanes) {  // the arrays are padded by points infinitely far away
    for (int lane = 0; lane < kLanes; ++lane) {
      const double dx = static_cast<double>(place.x) - static_cast<double>(xs[i + lane]);
      const double dy = static_cast<double>(place.y) - static_cast<double>(ys[i + lane]);
      const double weight = 1.0 / (1.0 + dx * dx + dy * dy);
      weights[lane] += weight;
      along_x[lane] += weight * weight * dx;
      along_y[lane] += weight * weight * dy;
    }
  }
  double sums[3] = {};
  for (int lane = 0; lane < kLanes; ++lane) {
    sums[0] += weights[lane];
    sums[1] += along_x[lane];
    sums[2] += along_y[lane];
  }
  for (int field = 0; field < 3; ++field) out[field] = static_cast<float>(sums[field]);
}

/// One coordinate of all points, padded so far away that nothing is left of the padding's weight.
std::vector<float> padded_axis(const Tensor& map, std::int64_t axis) {
  const auto count = map.size(0);
  std::vector<float> values(static_cast<std::size_t>((count + kLanes - 1) / kLanes * kLanes), 1e18F);
  for (std::int64_t i = 0; i < count; ++i) {
    values[static_cast<std::size_t>(i)] = data_of<float>(map)[2 * i + axis];
  }
  return values;
}

Tensor fields_by_tensors(const Tensor& sources, const Tensor& points) {
  const auto rows = std::max<std::int64_t>(kTensorPairs / sources.size(0), 1);
  Tensor out = at::empty({points.size(0), 3}, points.options());
  for (std::int64_t row = 0; row < points.size(0); row += rows) {
    const Tensor away = points.slice(0, row, row + rows).unsqueeze(1) - sources.unsqueeze(0);
    const Tensor weights = (away.square().sum(2) + 1.0).reciprocal();
    out.slice(0, row, row + rows).select(1, 0).copy_(weights.sum(1));
    out.slice(0, row, row + rows).slice(1, 1, 3).copy_((weights.square().unsqueeze(2) * away).sum(1));
  }
  return out;
}

}  // namespace

Tensor exact_fields(const Tensor& sources, const Tensor& points, bool by_tensors) {
  if (by_tensors || !points.device().is_cpu()) return fields_by_tensors(sources, points);
  const auto xs = padded_axis(sources, 0), ys = padded_axis(sources, 1);
  Tensor out = at::empty({points.size(0), 3}, points.options());
  const float* places = data_of<float>(points);
  float* fields = data_of<float>(out);
  ThreadPool().run_ranges(points.size(0), 64, [&](std::int64_t begin, std::int64_t end) {
    for (auto i = begin; i < end; ++i) {
      repel(xs.data(), ys.data(), static_cast<std::int64_t>(xs.size()), {places[2 * i], places[2 * i + 1]},
            fields + 3 * i);
    }
  });
  return out;
}

Repulsion exact_repulsion(const Tensor& map) {
  const Tensor fields = exact_fields(map, map);  // a point has weight 1 and no force on itself
  const double all = fields.select(1, 0).sum(at::kDouble).item<double>();
  return {fields.slice(1, 1, 3), all - static_cast<double>(map.size(0))};
}

Repulsion grid_repulsion(FieldGrid& grid, const Tensor& map) {
  grid.build(map);
  const Tensor fields = grid.read_others(map);
  return {fields.slice(1, 1, 3), fields.select(1, 0).sum(at::kDouble).item<double>()};
}

struct TsneObjective::Impl {
  Attraction attraction;
  TsneMethod method;
  bool on_processor;
  FieldGrid grid{/*by_tensors=*/true};
  MapRepulsion pairs{};
  ThreadPool pool{};
  double normaliser = 1.0;

  Repulsion repulsion(const Tensor& map) {
    if (method == TsneMethod::exact) return exact_repulsion(map);
    return on_processor ? pairs(pool, map) : grid_repulsion(grid, map);
  }
};

TsneObjective::TsneObjective(const Affinities& affinities, TsneMethod method, const torch::Device& device)
    : impl_(new Impl{{affinities, device}, method, device.is_cpu()}) {}

TsneObjective::~TsneObjective() = default;

Tensor TsneObjective::gradient(const Tensor& map, double exaggeration) {
  const Repulsion repulsion = impl_->repulsion(map);
  impl_->normaliser = repulsion.normaliser;
  if (!std::isfinite(repulsion.normaliser) || repulsion.normaliser <= 0.0) {
    throw core::Error(core::ExitCode::numeric, "the t-SNE map diverged", "choose a smaller learning rate");
  }
  return impl_->attraction.force(impl_->pool, map)
      .mul_(4.0 * exaggeration)
      .sub_(repulsion.force, 4.0 / repulsion.normaliser);
}

double TsneObjective::divergence(const Tensor& map, double exaggeration) const {
  return impl_->attraction.divergence(impl_->pool, map, impl_->normaliser, exaggeration);
}

}  // namespace svhn::interpret
