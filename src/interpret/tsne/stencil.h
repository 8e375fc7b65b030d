#pragma once
/// Where a point lies among a grid's nodes, and what it gives to and takes from them.

#include <algorithm>
#include <cmath>
#include <cstdint>

#include "interpret/tsne/grid.h"
#include "interpret/tsne/vector.h"

namespace svhn::interpret {

/// A coordinate among the nodes of its axis.
struct AxisPlace {
  std::int32_t first;  ///< Of the kStencil nodes around it.
  float t;             ///< Its place, from the second of these nodes, in nodes.

  AxisPlace(float place, double corner, double per_unit, std::int64_t nodes) {
    const double along = (static_cast<double>(place) - corner) * per_unit - 1.0;
    const double whole = std::clamp(std::floor(along), 0.0, static_cast<double>(nodes - kStencil));
    first = static_cast<std::int32_t>(whole);
    t = static_cast<float>(std::clamp(along - whole, 0.0, 1.0));
  }
};

/// A point among the nodes: its stencil's corner, and its place from the corner's next node on.
struct NodePlace {
  std::int32_t column, row;
  float tx, ty;
};

inline NodePlace place_of(const float* point, const GridPlan& plan) {
  const AxisPlace x(point[0], plan.corner[0], 1.0 / plan.spacing, plan.nodes[0]);
  const AxisPlace y(point[1], plan.corner[1], 1.0 / plan.spacing, plan.nodes[1]);
  return {x.first, y.first, x.t, y.t};
}

/// The cubic B-spline's pieces over the nodes -1, 0, 1, 2, as polynomials of t.
inline constexpr Four kSpline[4] = {{1.0F / 6, 2.0F / 3, 1.0F / 6, 0.0F},
                                    {-0.5F, 0.0F, 0.5F, 0.0F},
                                    {0.5F, -1.0F, 0.5F, 0.0F},
                                    {-1.0F / 6, 0.5F, -0.5F, 1.0F / 6}};

inline Four spline_weights(float t) {
  return ((kSpline[3] * t + kSpline[2]) * t + kSpline[1]) * t + kSpline[0];
}

/// Their derivatives, for a step of one node.
inline Four spline_slopes(float t) {
  return (kSpline[3] * (3.0F * t) + kSpline[2] * 2.0F) * t + kSpline[1];
}

inline void spread_point(const NodePlace& place, std::int64_t stride, float* charges) {
  const Four across = spline_weights(place.tx), along = spline_weights(place.ty);
  float* row = charges + place.row * stride + place.column;
  for (int r = 0; r < kStencil; ++r, row += stride) {
    Four nodes;
    load(row, nodes);
    store(nodes + along[r] * across, row);
  }
}

inline float dot(const Four& a, const Four& b) {
  const Four products = a * b;
  return (products[0] + products[1]) + (products[2] + products[3]);
}

/// The potential and its slopes for a step of one node, at one place.
inline void read_point(const NodePlace& place, std::int64_t stride, const float* field, float* out) {
  const Four along = spline_weights(place.ty), steep = spline_slopes(place.ty);
  const float* row = field + place.row * stride + place.column;
  Four sums{}, slopes{};
  for (int r = 0; r < kStencil; ++r, row += stride) {
    Four nodes;
    load(row, nodes);
    sums += along[r] * nodes;
    slopes += steep[r] * nodes;
  }
  const Four across = spline_weights(place.tx);
  out[0] = dot(sums, across);
  out[1] = dot(sums, spline_slopes(place.tx));
  out[2] = dot(slopes, across);
}

/// What charges of 1 do to themselves on the grid, kLanes of them: nearly the kernel's peak and no force, but
/// not quite.
/// @param near see kernel_near_zero. @param out potentials, and slopes for a step of one node along x and y.
void read_own(const float* tx, const float* ty, const float* near, float* out);

}  // namespace svhn::interpret
