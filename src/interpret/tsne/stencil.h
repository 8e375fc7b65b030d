#pragma once
/// The position of a point on the grid, and spreading to and reading from the nodes of its stencil.

#include <algorithm>
#include <cmath>
#include <cstdint>

#include "interpret/tsne/grid.h"
#include "interpret/tsne/vector.h"

namespace svhn::interpret {

/// The position of a point along one axis of the grid.
struct AxisPosition {
  std::int32_t first;  ///< First of the kStencil nodes around it.
  float t;             ///< Distance from the second of these nodes, in nodes, 0 to 1.

  AxisPosition(float coordinate, double corner, double per_unit, std::int64_t nodes) {
    const double along = (static_cast<double>(coordinate) - corner) * per_unit - 1.0;
    const double whole = std::clamp(std::floor(along), 0.0, static_cast<double>(nodes - kStencil));
    first = static_cast<std::int32_t>(whole);
    t = static_cast<float>(std::clamp(along - whole, 0.0, 1.0));
  }
};

/// The position of a point on the grid: the first column and row of its stencil, and the distances from their
/// next nodes.
struct GridPosition {
  std::int32_t column, row;
  float tx, ty;
};

inline GridPosition grid_position(const float* point, const GridPlan& plan) {
  const AxisPosition x(point[0], plan.corner[0], 1.0 / plan.spacing, plan.nodes[0]);
  const AxisPosition y(point[1], plan.corner[1], 1.0 / plan.spacing, plan.nodes[1]);
  return {x.first, y.first, x.t, y.t};
}

/// The cubic B-spline's polynomials of t for the nodes -1, 0, 1, 2; row k has the coefficients of t^k.
inline constexpr Four kSpline[4] = {{1.0F / 6, 2.0F / 3, 1.0F / 6, 0.0F},
                                    {-0.5F, 0.0F, 0.5F, 0.0F},
                                    {0.5F, -1.0F, 0.5F, 0.0F},
                                    {-1.0F / 6, 0.5F, -0.5F, 1.0F / 6}};

inline Four spline_weights(float t) {
  return ((kSpline[3] * t + kSpline[2]) * t + kSpline[1]) * t + kSpline[0];
}

/// Derivatives of the weights, for a step of one node.
inline Four spline_slopes(float t) {
  return (kSpline[3] * (3.0F * t) + kSpline[2] * 2.0F) * t + kSpline[1];
}

/// Adds a charge of 1 to the nodes of the stencil.
inline void spread_point(const GridPosition& position, std::int64_t stride, float* charges) {
  const Four across = spline_weights(position.tx), along = spline_weights(position.ty);
  float* row = charges + position.row * stride + position.column;
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

/// Interpolates the potential and its slopes for a step of one node.
inline void read_point(const GridPosition& position, std::int64_t stride, const float* field, float* out) {
  const Four along = spline_weights(position.ty), steep = spline_slopes(position.ty);
  const float* row = field + position.row * stride + position.column;
  Four sums{}, slopes{};
  for (int r = 0; r < kStencil; ++r, row += stride) {
    Four nodes;
    load(row, nodes);
    sums += along[r] * nodes;
    slopes += steep[r] * nodes;
  }
  const Four across = spline_weights(position.tx);
  out[0] = dot(sums, across);
  out[1] = dot(sums, spline_slopes(position.tx));
  out[2] = dot(slopes, across);
}

}  // namespace svhn::interpret
