#include "interpret/tsne/grid.h"

#include <ATen/ATen.h>

#include "interpret/tsne/grid_fft.h"
#include "interpret/tsne/grid_tensors.h"
#include "interpret/tsne/stencil.h"

namespace svhn::interpret {
namespace {

using torch::Tensor;

Tensor spread(const Tensor& points, const GridPlan& plan) {
  Tensor charges = at::zeros({plan.nodes[1], plan.nodes[0]}, points.options());
  for (std::int64_t i = 0; i < points.size(0); ++i) {
    spread_point(place_of(data_of<float>(points) + 2 * i, plan), plan.nodes[0], data_of<float>(charges));
  }
  return charges;
}

/// The gradient of 1/(1+d^2) is -2 d/(1+d^2)^2.
Tensor read_field(const Tensor& points, const GridPlan& plan, const Tensor& field) {
  Tensor out = at::empty({points.size(0), 3}, points.options());
  for (std::int64_t i = 0; i < points.size(0); ++i) {
    read_point(place_of(data_of<float>(points) + 2 * i, plan), plan.nodes[0], data_of<float>(field),
               data_of<float>(out) + 3 * i);
  }
  out.slice(1, 1, 3).mul_(-0.5 / plan.spacing);
  return out;
}

}  // namespace

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
  return out - read_own_by_tensors(sources, plan_, near_);
}

}  // namespace svhn::interpret
