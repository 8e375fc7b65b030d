#include "svhn/interpret/tsne_grid.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "svhn/core/error.h"
#include "tsne_grid_fft.h"
#include "tsne_grid_tensors.h"
#include "tsne_vector.h"

namespace svhn::interpret {
namespace {

using torch::Tensor;

constexpr double kInset = 4.5;  // of the outermost point from the outermost nodes, in nodes
// Nodes beyond a map's extent: stencils fit, and what wraps around through the splines has died away.
constexpr double kBorder = 12.0;
constexpr double kTooWide = 1.5;       // a kept grid may be so much longer than needed
constexpr double kMaxExtent = 1e5;     // a map of millions of points measures some thousands
constexpr double kSmallest = 1e-12;    // extent of a map whose points coincide
constexpr std::int64_t kBandRows = 8;  // at least kStencil - 1, so that bands reach only into the next one

std::int64_t good_size(double least) {
  for (auto size = static_cast<std::int64_t>(std::ceil(least));; ++size) {
    std::int64_t rest = size;
    for (const std::int64_t prime : {2, 3, 5}) {
      while (rest % prime == 0) rest /= prime;
    }
    if (rest == 1) return size;
  }
}

/// kMaxSpacing, or a finer step with which the longer axis still fits kMinNodes, or a wider one for
/// kMaxNodes.
double choose_spacing(double extent) {
  const auto steps = [extent](std::int64_t nodes) {
    return 2.0 *
           std::log2(kMaxSpacing * (static_cast<double>(nodes) - kBorder) / std::max(extent, kSmallest));
  };
  const double finer = std::max(std::floor(steps(kMinNodes)), 0.0);
  const double wider = std::min(std::floor(steps(kMaxNodes)), 0.0);
  return kMaxSpacing * std::exp2(-0.5 * (finer + wider));
}

using Weights = std::array<float, kStencil>;

/// Where a coordinate lies among the nodes of its axis, and the weights of the nodes around it.
struct Stencil {
  std::int64_t first;
  float t;  // from the second of the nodes, in nodes

  Stencil(float place, double corner, double per_unit, std::int64_t nodes) {
    const double last = static_cast<double>(nodes) - kStencil;
    const double along = (static_cast<double>(place) - corner) * per_unit - 1.0;
    const double whole = std::clamp(std::floor(along), 0.0, last);
    first = static_cast<std::int64_t>(whole);
    t = static_cast<float>(std::clamp(along - whole, 0.0, 1.0));
  }

  /// The cubic B-spline's pieces over the nodes -1, 0, 1, 2.
  [[nodiscard]] Weights weights() const {
    const float u = 1.0F - t;
    return {u * u * u / 6.0F, 2.0F / 3.0F - t * t * (1.0F - t / 2.0F),
            2.0F / 3.0F - u * u * (1.0F - u / 2.0F), t * t * t / 6.0F};
  }
  /// Their derivatives, for a step of one node.
  [[nodiscard]] Weights slopes() const {
    const float u = 1.0F - t;
    return {-u * u / 2.0F, t * (1.5F * t - 2.0F), u * (2.0F - 1.5F * u), t * t / 2.0F};
  }
};

/// The stencils of a point along both axes.
struct Place {
  Stencil columns, rows;

  Place(const float* point, const GridPlan& plan)
      : columns(point[0], plan.corner[0], 1.0 / plan.spacing, plan.nodes[0]),
        rows(point[1], plan.corner[1], 1.0 / plan.spacing, plan.nodes[1]) {}
};

/// Points by the band of rows that their stencils begin in; within a band by index.
struct Bands {
  std::vector<std::int64_t> starts;
  std::vector<std::int32_t> order;
};

Bands sort_by_band(const Tensor& points, const GridPlan& plan) {
  const auto count = points.size(0), bands = plan.nodes[1] / kBandRows + 1;
  const float* places = data_of<float>(points);
  std::vector<std::int32_t> band(static_cast<std::size_t>(count));
  Bands sorted{std::vector<std::int64_t>(static_cast<std::size_t>(bands) + 1), {}};
  for (std::int64_t i = 0; i < count; ++i) {
    const Place place(places + 2 * i, plan);
    const auto own = static_cast<std::int32_t>(place.rows.first / kBandRows);
    band[static_cast<std::size_t>(i)] = own;
    ++sorted.starts[static_cast<std::size_t>(own) + 1];
  }
  for (std::size_t b = 0; b < static_cast<std::size_t>(bands); ++b) sorted.starts[b + 1] += sorted.starts[b];
  std::vector<std::int64_t> next(sorted.starts.begin(), sorted.starts.end() - 1);
  sorted.order.resize(static_cast<std::size_t>(count));
  for (std::int64_t i = 0; i < count; ++i) {
    const auto own = static_cast<std::size_t>(band[static_cast<std::size_t>(i)]);
    sorted.order[static_cast<std::size_t>(next[own]++)] = static_cast<std::int32_t>(i);
  }
  return sorted;
}

void spread_point(const float* point, const GridPlan& plan, float* charges) {
  const Place place(point, plan);
  const Weights across = place.columns.weights(), along = place.rows.weights();
  float* row = charges + place.rows.first * plan.nodes[0] + place.columns.first;
  for (std::size_t r = 0; r < kStencil; ++r, row += plan.nodes[0]) {
    for (std::size_t c = 0; c < kStencil; ++c) row[c] += along[r] * across[c];
  }
}

/// Even bands touch none of the others' rows, odd ones neither: each half runs in parallel, and every node
/// gets its points in one order whatever the number of threads.
Tensor spread(const Tensor& points, const GridPlan& plan) {
  Tensor charges = at::zeros({plan.nodes[1], plan.nodes[0]}, points.options());
  const Bands bands = sort_by_band(points, plan);
  const float* places = data_of<float>(points);
  float* values = data_of<float>(charges);
  const auto count = static_cast<std::int64_t>(bands.starts.size()) - 1;
  for (std::int64_t parity = 0; parity < 2; ++parity) {
    at::parallel_for(0, (count - parity + 1) / 2, 1, [&](std::int64_t begin, std::int64_t end) {
      for (auto i = begin; i < end; ++i) {
        const auto band = static_cast<std::size_t>(2 * i + parity);
        for (auto k = bands.starts[band]; k < bands.starts[band + 1]; ++k) {
          const std::int64_t point = bands.order[static_cast<std::size_t>(k)];
          spread_point(places + 2 * point, plan, values);
        }
      }
    });
  }
  return charges;
}

/// A sum over the stencil's rows, for each of its columns.
inline Weights sum_rows_of(const float* corner, std::int64_t stride, const Weights& along) {
  Weights sums{};
  for (std::size_t r = 0; r < kStencil; ++r, corner += stride) {
    for (std::size_t c = 0; c < kStencil; ++c) sums[c] += along[r] * corner[c];
  }
  return sums;
}

inline float dot(const Weights& a, const Weights& b) {
  return a[0] * b[0] + a[1] * b[1] + a[2] * b[2] + a[3] * b[3];
}

/// One point's potential and force. The gradient of 1/(1+d^2) is -2 d/(1+d^2)^2.
void read_point(const float* point, const GridPlan& plan, const float* field, float* out) {
  const Place place(point, plan);
  const auto scale = static_cast<float>(-0.5 / plan.spacing);
  const float* corner = field + place.rows.first * plan.nodes[0] + place.columns.first;
  const Weights across = place.columns.weights();
  const Weights sums = sum_rows_of(corner, plan.nodes[0], place.rows.weights());
  out[0] = dot(sums, across);
  out[1] = dot(sums, place.columns.slopes()) * scale;
  out[2] = dot(sum_rows_of(corner, plan.nodes[0], place.rows.slopes()), across) * scale;
}

Tensor read_field(const Tensor& points, const GridPlan& plan, const Tensor& field) {
  Tensor out = at::empty({points.size(0), 3}, points.options());
  const float *places = data_of<float>(points), *values = data_of<float>(field);
  float* results = data_of<float>(out);
  at::parallel_for(0, points.size(0), kRows, [&](std::int64_t begin, std::int64_t end) {
    for (auto i = begin; i < end; ++i) read_point(places + 2 * i, plan, values, results + 3 * i);
  });
  return out;
}

/// Sums of products of the weights of nodes 0, 1, 2 and 3 apart, either way.
Weights by_distance(const Weights& a, const Weights& b) {
  Weights sums{};
  for (std::size_t i = 0; i < kStencil; ++i) {
    for (std::size_t j = 0; j < kStencil; ++j) sums[i < j ? j - i : i - j] += a[i] * b[j];
  }
  return sums;
}

/// What one point's own charge does to it on the grid: nearly 1 and no force, but not quite.
void read_own(const float* point, const GridPlan& plan, const float* near, float* out) {
  const Place place(point, plan);
  const auto scale = static_cast<float>(-0.5 / plan.spacing);
  const Weights columns = place.columns.weights(), rows = place.rows.weights();
  // `near` is by column first: the sums are over columns, for each distance between rows.
  const Weights sums = sum_rows_of(near, kStencil, by_distance(columns, columns));
  const Weights slopes = sum_rows_of(near, kStencil, by_distance(place.columns.slopes(), columns));
  const Weights along = by_distance(rows, rows);
  out[0] = dot(sums, along);
  out[1] = dot(slopes, along) * scale;
  out[2] = dot(sums, by_distance(place.rows.slopes(), rows)) * scale;
}

}  // namespace

GridPlan plan_grid(const Tensor& map, const GridPlan& previous) {
  const Tensor low = map.amin(0).to(at::kCPU, at::kDouble), high = map.amax(0).to(at::kCPU, at::kDouble);
  std::array<double, 2> extent{};
  GridPlan plan;
  for (std::size_t axis = 0; axis < 2; ++axis) {
    plan.corner[axis] = data_of<double>(low)[axis];
    extent[axis] = data_of<double>(high)[axis] - plan.corner[axis];
    if (!(extent[axis] <= kMaxExtent)) {
      throw core::Error(core::ExitCode::numeric, "the t-SNE map diverged", "choose a smaller learning rate");
    }
  }
  const auto needed = [&](std::size_t axis, double spacing) { return extent[axis] / spacing + kBorder; };
  const auto kept = [&](std::size_t axis) {
    const auto nodes = static_cast<double>(previous.nodes[axis]);
    return needed(axis, previous.spacing) <= nodes &&
           nodes <= kTooWide * needed(axis, previous.spacing) + kBorder;
  };
  if (previous.spacing > 0.0 && kept(0) && kept(1)) {
    plan.spacing = previous.spacing;
    plan.nodes = previous.nodes;
  } else {
    plan.spacing = choose_spacing(std::max(extent[0], extent[1]));
    for (std::size_t axis = 0; axis < 2; ++axis)
      plan.nodes[axis] = good_size(1.02 * needed(axis, plan.spacing));
  }
  for (auto& corner : plan.corner) corner -= kInset * plan.spacing;
  return plan;
}

double GridPlan::lowered() const {
  return static_cast<double>(std::max(nodes[0], nodes[1])) * spacing < 1.0 ? 1.0 : 0.0;
}

void FieldGrid::build(const Tensor& sources) {
  const GridPlan plan = plan_grid(sources, plan_);
  if (!kernel_.defined() || plan.nodes != plan_.nodes || plan.spacing != plan_.spacing) {
    kernel_ = kernel_transform(plan, sources.device());
    near_ = kernel_near_zero(kernel_);
  }
  plan_ = plan;
  field_ = convolve(by_tensors_ ? spread_by_tensors(sources, plan_) : spread(sources, plan_), kernel_);
  lowered_ = plan_.lowered() * static_cast<double>(sources.size(0));
}

Tensor FieldGrid::read(const Tensor& points) const {
  Tensor out = by_tensors_ ? read_by_tensors(points, plan_, field_) : read_field(points, plan_, field_);
  out.select(1, 0).add_(lowered_);
  return out;
}

Tensor FieldGrid::read_others(const Tensor& sources) const {
  const Tensor out = read(sources);
  out.select(1, 0).sub_(plan_.lowered());  // not part of near_, whose slopes would drown in it
  if (by_tensors_) return out - read_own_by_tensors(sources, plan_, near_);
  const float *places = data_of<float>(sources), *near = data_of<float>(near_);
  float* results = data_of<float>(out);
  at::parallel_for(0, sources.size(0), kRows, [&](std::int64_t begin, std::int64_t end) {
    std::array<float, 3> own{};
    for (auto i = begin; i < end; ++i) {
      read_own(places + 2 * i, plan_, near, own.data());
      for (std::int64_t k = 0; k < 3; ++k) results[3 * i + k] -= own[static_cast<std::size_t>(k)];
    }
  });
  return out;
}

}  // namespace svhn::interpret
