#include "interpret/tsne/grid_tensors.h"

#include <ATen/ATen.h>

#include <vector>

namespace svhn::interpret {
namespace {

using torch::Tensor;

/// The nodes around the points along one axis.
struct Axis {
  Tensor nodes;    // i64 [N,kStencil]
  Tensor weights;  // f32 [N,kStencil]
  Tensor slopes;   // f32 [N,kStencil], for a step of one node

  Axis(const Tensor& points, const GridPlan& plan, std::size_t k) {
    const auto last = static_cast<double>(plan.nodes[k] - kStencil);
    const Tensor places = points.select(1, static_cast<std::int64_t>(k)).to(at::kDouble);
    const Tensor along = (places - plan.corner[k]) / plan.spacing - 1.0;
    const Tensor whole = along.floor().clamp(0.0, last);
    const Tensor t = (along - whole).clamp(0.0, 1.0).to(at::kFloat), u = 1.0 - t;
    nodes = whole.to(at::kLong).unsqueeze(1) + at::arange(kStencil, whole.options().dtype(at::kLong));
    const auto middle = [](const Tensor& x) { return 2.0 / 3.0 - x.square() * (1.0 - x / 2); };
    weights = at::stack({u.pow(3) / 6, middle(t), middle(u), t.pow(3) / 6}, 1);
    slopes = at::stack({u.square() / -2, t * (t * 1.5 - 2.0), u * (2.0 - u * 1.5), t.square() / 2}, 1);
  }
};

/// @returns f32 [N,kStencil]: the products of the weights of nodes 0, 1, 2, 3 apart, either way.
Tensor by_distance(const Tensor& a, const Tensor& b) {
  std::vector<Tensor> sums{(a * b).sum(1)};
  for (std::int64_t apart = 1; apart < kStencil; ++apart) {
    const auto rest = kStencil - apart;
    sums.push_back(
        (a.slice(1, apart) * b.slice(1, 0, rest) + b.slice(1, apart) * a.slice(1, 0, rest)).sum(1));
  }
  return at::stack(sums, 1);
}

struct Stencils {
  Axis columns, rows;

  Stencils(const Tensor& points, const GridPlan& plan) : columns(points, plan, 0), rows(points, plan, 1) {}

  /// @returns i64 [N * kStencil * kStencil]
  [[nodiscard]] Tensor nodes(const GridPlan& plan) const {
    return (rows.nodes.unsqueeze(2) * plan.nodes[0] + columns.nodes.unsqueeze(1)).flatten();
  }
};

/// @returns f32 [N,kStencil * kStencil]
Tensor products(const Tensor& along, const Tensor& across) {
  return (along.unsqueeze(2) * across.unsqueeze(1)).flatten(1);
}

}  // namespace

Tensor spread_by_tensors(const Tensor& points, const GridPlan& plan) {
  const Stencils stencils(points, plan);
  // index_put_ adds in a fixed order on CUDA, index_add_ does not.
  return at::zeros({plan.nodes[0] * plan.nodes[1]}, points.options())
      .index_put_({stencils.nodes(plan)}, products(stencils.rows.weights, stencils.columns.weights).flatten(),
                  /*accumulate=*/true)
      .view({plan.nodes[1], plan.nodes[0]});
}

Tensor read_by_tensors(const Tensor& points, const GridPlan& plan, const Tensor& field) {
  const Stencils stencils(points, plan);
  const auto& [columns, rows] = stencils;
  const Tensor nodes = stencils.nodes(plan);
  const Tensor values = field.flatten().index_select(0, nodes).view({points.size(0), -1});
  const double scale = -0.5 / plan.spacing;
  return at::stack({(values * products(rows.weights, columns.weights)).sum(1),
                    (values * products(rows.weights, columns.slopes)).sum(1) * scale,
                    (values * products(rows.slopes, columns.weights)).sum(1) * scale},
                   1);
}

Tensor read_own_by_tensors(const Tensor& points, const GridPlan& plan, const Tensor& near) {
  const Axis columns(points, plan, 0), rows(points, plan, 1);
  const double scale = -0.5 / plan.spacing;
  const Tensor sums = at::mm(by_distance(columns.weights, columns.weights), near);
  const Tensor slopes = at::mm(by_distance(columns.slopes, columns.weights), near);
  const Tensor along = by_distance(rows.weights, rows.weights);
  return at::stack({(sums * along).sum(1), (slopes * along).sum(1) * scale,
                    (sums * by_distance(rows.slopes, rows.weights)).sum(1) * scale},
                   1);
}

}  // namespace svhn::interpret
