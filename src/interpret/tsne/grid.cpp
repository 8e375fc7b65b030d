#include "interpret/tsne/grid.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "core/error.h"
#include "interpret/tsne/stencil.h"

namespace svhn::interpret {
namespace {

using torch::Tensor;

constexpr double kInset = 4.5;  // from the outermost nodes to the outermost point, in nodes
// Nodes beyond a map's extent: stencils fit, and the wrap-around error of the splines is negligible.
constexpr double kBorder = 12.0;
constexpr double kSlack = 1.06;      // larger than needed, so that a growing map rarely needs a new grid
constexpr double kTooWide = 1.5;     // a kept grid may be larger than needed by this factor
constexpr double kMaxExtent = 1e5;   // a map of millions of points measures a few thousand
constexpr double kSmallest = 1e-12;  // extent of a map whose points coincide
// Costs of a step, relative to the transforms of one node: of one pair, and of a point's search for pairs.
constexpr double kPairCost = 0.02;
constexpr double kSearchCost = 0.8;
constexpr double kSquaresSearched = 6.25;  // cells searched for pairs, in squares of the radius
constexpr std::int64_t kDensityCells = 256;

std::int64_t good_size(double least) {
  for (auto size = static_cast<std::int64_t>(std::ceil(least));; ++size) {
    std::int64_t rest = size;
    for (const std::int64_t prime : {2, 3, 5}) {
      while (rest % prime == 0) rest /= prime;
    }
    if (rest == 1) return size;
  }
}

/// @returns kMaxSpacing, or less so that the longer axis has at least kMinNodes, or more so that it has at
/// most kMaxNodes.
double plain_spacing(double extent) {
  const auto steps = [extent](std::int64_t nodes) {
    return 2.0 *
           std::log2(kMaxSpacing * (static_cast<double>(nodes) - kBorder) / std::max(extent, kSmallest));
  };
  const double finer = std::max(std::floor(steps(kMinNodes)), 0.0);
  const double wider = std::min(std::floor(steps(kMaxNodes)), 0.0);
  return kMaxSpacing * std::exp2(-0.5 * (finer + wider));
}

struct Bounds {
  std::array<double, 2> low{}, extent{};
  [[nodiscard]] double widest() const { return std::max(extent[0], extent[1]); }
};

Bounds checked(const std::array<double, 2>& low, const std::array<double, 2>& high) {
  Bounds bounds{low, {high[0] - low[0], high[1] - low[1]}};
  if (bounds.extent[0] <= kMaxExtent && bounds.extent[1] <= kMaxExtent) return bounds;
  throw core::Error(core::ExitCode::numeric, "the t-SNE map diverged", "choose a smaller learning rate");
}

/// Updates minimum and maximum in each lane; a value that is not finite makes `nothing` NaN.
SVHN_VECTOR_CLONES
void widen(const float* values, std::int64_t count, float* low, float* high, float* nothing) {
  Lanes lowest, highest, zero;
  load(low, lowest);
  load(high, highest);
  load(nothing, zero);
  for (std::int64_t i = 0; i + kLanes <= count; i += kLanes) {
    Lanes value;
    load(values + i, value);
    lowest = value < lowest ? value : lowest;
    highest = value > highest ? value : highest;
    zero += value * 0.0F;
  }
  store(lowest, low);
  store(highest, high);
  store(zero, nothing);
}

/// Even lanes hold x, odd lanes y.
Bounds bounds_on_cpu(const Tensor& map) {
  const float* values = data_of<float>(map);
  const auto count = map.numel(), tail = count / kLanes * kLanes;
  float low[kLanes], high[kLanes], nothing[kLanes] = {}, last[kLanes];
  for (int lane = 0; lane < kLanes; ++lane) low[lane] = high[lane] = values[lane % 2];
  widen(values, tail, low, high, nothing);
  for (int lane = 0; lane < kLanes; ++lane) {
    last[lane] = tail + lane < count ? values[tail + lane] : values[lane % 2];
  }
  widen(last, kLanes, low, high, nothing);
  std::array<double, 2> lowest{low[0], low[1]}, highest{high[0], high[1]};
  for (std::size_t lane = 0; lane < kLanes; ++lane) {
    const auto axis = lane % 2;
    lowest[axis] = std::min(lowest[axis], static_cast<double>(low[lane]));
    highest[axis] =
        std::max(highest[axis], static_cast<double>(high[lane])) + static_cast<double>(nothing[lane]);
  }
  return checked(lowest, highest);
}

Bounds bounds_of(const Tensor& map) {
  if (map.device().is_cpu()) return bounds_on_cpu(map);
  const Tensor low = map.amin(0).to(at::kCPU, at::kDouble), high = map.amax(0).to(at::kCPU, at::kDouble);
  return checked({data_of<double>(low)[0], data_of<double>(low)[1]},
                 {data_of<double>(high)[0], data_of<double>(high)[1]});
}

/// @returns the number of other points per unit of area around a point, averaged over the points.
double density_around(const Tensor& map, const Bounds& bounds) {
  const double side = std::max(bounds.widest() / static_cast<double>(kDensityCells - 1), 2.0);
  std::vector<std::int64_t> cells(static_cast<std::size_t>(kDensityCells * kDensityCells));
  const float* positions = data_of<float>(map);
  for (std::int64_t i = 0; i < map.size(0); ++i) {
    const auto cell = [&](std::int64_t axis) {
      return static_cast<std::int64_t>(
          (static_cast<double>(positions[2 * i + axis]) - bounds.low[static_cast<std::size_t>(axis)]) / side);
    };
    ++cells[static_cast<std::size_t>(cell(1) * kDensityCells + cell(0))];
  }
  double pairs = 0.0;
  for (const auto count : cells) pairs += static_cast<double>(count) * static_cast<double>(count - 1);
  return pairs / static_cast<double>(map.size(0)) / (side * side);
}

double needed(double extent, double spacing) {
  return extent / spacing + kBorder;
}

/// @returns the spacing of least cost; it is wider than `plain` only where pairs then save time.
double choose_spacing(const Tensor& map, const Bounds& bounds, double plain) {
  const auto nodes = [&](double spacing) {
    return needed(bounds.extent[0], spacing) * needed(bounds.extent[1], spacing);
  };
  const auto points = static_cast<double>(map.size(0));
  const double density = density_around(map, bounds);
  double chosen = plain, least = nodes(plain);
  for (int step = 1; step <= 24; ++step) {
    const double spacing = kMaxSpacing * std::exp2(0.25 * step), radius = kRadiusNodes * spacing;
    if (needed(bounds.widest(), spacing) > static_cast<double>(kMaxNodes)) continue;
    const double cost =
        nodes(spacing) + points * (kSearchCost + kPairCost * kSquaresSearched * radius * radius * density);
    if (cost >= least) continue;
    chosen = spacing;
    least = cost;
  }
  return chosen;
}

bool fits(const GridPlan& plan, const Bounds& bounds) {
  for (std::size_t axis = 0; axis < 2; ++axis) {
    const double least = needed(bounds.extent[axis], plan.spacing);
    const auto nodes = static_cast<double>(plan.nodes[axis]);
    if (least > nodes || nodes > kTooWide * least + kBorder) return false;
  }
  return true;
}

/// Signed distances from node 0 in the order of a circular convolution: 0, 1, … n - 1, n, -(n - 1), … -1.
Tensor circular_offsets(std::int64_t nodes, double spacing, const torch::Device& device) {
  const Tensor offsets = at::arange(2 * nodes, at::TensorOptions().dtype(at::kFloat).device(device));
  const auto half = static_cast<double>(nodes);
  return at::where(offsets > half, offsets - 2.0 * half, offsets) * spacing;
}

/// @returns the transform of a cubic B-spline at the nodes, f32 [count], for an axis of 2 * nodes.
Tensor spline_transform(std::int64_t count, std::int64_t nodes, const torch::Device& device) {
  const Tensor steps = at::arange(count, at::TensorOptions().dtype(at::kDouble).device(device));
  return (((steps * (std::acos(-1.0) / static_cast<double>(nodes))).cos() + 2.0) / 3.0).to(at::kFloat);
}

/// @returns the kernel without the part that pairs nearer than the radius add directly: with s = radius^2 and
/// z = (s - d^2) / (1 + s) the kernel is 1 / (1 + s) times the geometric series of z, of which the grid has
/// kKernelTerms terms.
Tensor softened(const Tensor& squared, const GridPlan& plan) {
  const Tensor complete = (plan.lowered() > 0.0 ? -squared : at::ones_like(squared)) / (squared + 1.0);
  if (plan.radius == 0.0) return complete;
  const double border = plan.radius * plan.radius;
  const Tensor z = (border - squared) / (1.0 + border);
  Tensor sum = at::ones_like(z);
  for (int term = 1; term < kKernelTerms; ++term) sum = sum * z + 1.0;
  return at::where(z > 0.0, sum / (1.0 + border), complete);
}

Tensor spread(const Tensor& points, const GridPlan& plan) {
  Tensor charges = at::zeros({plan.nodes[1], plan.nodes[0]}, points.options());
  for (std::int64_t i = 0; i < points.size(0); ++i) {
    spread_point(grid_position(data_of<float>(points) + 2 * i, plan), plan.nodes[0], data_of<float>(charges));
  }
  return charges;
}

/// The gradient of 1/(1+d^2) is -2 d/(1+d^2)^2.
Tensor read_field(const Tensor& points, const GridPlan& plan, const Tensor& field) {
  Tensor out = at::empty({points.size(0), 3}, points.options());
  for (std::int64_t i = 0; i < points.size(0); ++i) {
    read_point(grid_position(data_of<float>(points) + 2 * i, plan), plan.nodes[0], data_of<float>(field),
               data_of<float>(out) + 3 * i);
  }
  out.slice(1, 1, 3).mul_(-0.5 / plan.spacing);
  return out;
}

/// The nodes around each point along one axis, with the spline's weights and slopes.
struct Axis {
  Tensor nodes;    // i64 [N,kStencil]
  Tensor weights;  // f32 [N,kStencil]
  Tensor slopes;   // f32 [N,kStencil], for a step of one node

  Axis(const Tensor& points, const GridPlan& plan, std::size_t k) {
    const auto last = static_cast<double>(plan.nodes[k] - kStencil);
    const Tensor positions = points.select(1, static_cast<std::int64_t>(k)).to(at::kDouble);
    const Tensor along = (positions - plan.corner[k]) / plan.spacing - 1.0;
    const Tensor whole = along.floor().clamp(0.0, last);
    const Tensor t = (along - whole).clamp(0.0, 1.0).to(at::kFloat), u = 1.0 - t;
    nodes = whole.to(at::kLong).unsqueeze(1) + at::arange(kStencil, whole.options().dtype(at::kLong));
    const auto middle = [](const Tensor& x) { return 2.0 / 3.0 - x.square() * (1.0 - x / 2); };
    weights = at::stack({u.pow(3) / 6, middle(t), middle(u), t.pow(3) / 6}, 1);
    slopes = at::stack({u.square() / -2, t * (t * 1.5 - 2.0), u * (2.0 - u * 1.5), t.square() / 2}, 1);
  }
};

/// @returns f32 [N,kStencil]: sums of products of the weights of nodes 0, 1, 2 and 3 apart, in both
/// directions.
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

/// @returns the charges f32 [R,C] of points f32 [N,2].
Tensor spread_by_tensors(const Tensor& points, const GridPlan& plan) {
  const Stencils stencils(points, plan);
  // index_put_ adds in a fixed order on CUDA, index_add_ does not.
  return at::zeros({plan.nodes[0] * plan.nodes[1]}, points.options())
      .index_put_({stencils.nodes(plan)}, products(stencils.rows.weights, stencils.columns.weights).flatten(),
                  /*accumulate=*/true)
      .view({plan.nodes[1], plan.nodes[0]});
}

/// @param field f32 [R,C]. @returns f32 [N,3], see FieldGrid::read.
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

/// @param near f32 [kStencil,kStencil], see kernel_near_zero.
/// @returns f32 [N,3]: each point's own contribution to `read_by_tensors`.
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

}  // namespace

GridPlan plan_grid(const Tensor& map, const GridPlan& previous, bool pairs) {
  const Bounds bounds = bounds_of(map);
  GridPlan plan = previous;
  if (previous.spacing == 0.0 || !fits(previous, bounds)) {
    const double plain = plain_spacing(bounds.widest());
    plan.spacing = pairs && plain >= kMaxSpacing ? choose_spacing(map, bounds, plain) : plain;
    plan.radius = plan.spacing > plain ? kRadiusNodes * plan.spacing : 0.0;
    for (std::size_t axis = 0; axis < 2; ++axis)
      plan.nodes[axis] = good_size(kSlack * needed(bounds.extent[axis], plan.spacing));
  }
  for (std::size_t axis = 0; axis < 2; ++axis) plan.corner[axis] = bounds.low[axis] - kInset * plan.spacing;
  return plan;
}

double GridPlan::lowered() const {
  return static_cast<double>(std::max(nodes[0], nodes[1])) * spacing < 1.0 ? 1.0 : 0.0;
}

Tensor kernel_transform(const GridPlan& plan, const torch::Device& device) {
  const auto columns = plan.nodes[0], rows = plan.nodes[1];
  const Tensor dx = circular_offsets(columns, plan.spacing, device).unsqueeze(0);
  const Tensor dy = circular_offsets(rows, plan.spacing, device).unsqueeze(1);
  const Tensor squared = dx.square() + dy.square();
  const Tensor weight = softened(squared, plan);
  // B-splines do not interpolate their coefficients; the division corrects that for spreading and reading.
  const Tensor splines = spline_transform(columns + 1, columns, device).unsqueeze(1) *
                         spline_transform(2 * rows, rows, device).unsqueeze(0);
  const Tensor transform = at::fft_fft(at::fft_rfft(weight, 2 * columns, 1).t(), 2 * rows, 1);
  return (at::real(transform) / splines.square()).contiguous();
}

Tensor kernel_near_zero(const Tensor& kernel) {
  const auto columns = kernel.size(0) - 1, length = kernel.size(1);
  const auto options = kernel.options().dtype(at::kDouble);
  const auto waves = [&](std::int64_t count, std::int64_t period) {
    const Tensor phase = at::outer(at::arange(count, options), at::arange(kStencil, options));
    return (phase * (2.0 * std::acos(-1.0) / static_cast<double>(period))).cos() /
           static_cast<double>(period);
  };
  const Tensor across = waves(columns + 1, 2 * columns);
  across.slice(0, 1, columns).mul_(2.0);  // the other half of the spectrum is its mirror image
  const Tensor by_column = at::mm(across.t(), kernel.to(at::kDouble));
  return at::mm(by_column, waves(length, length)).to(at::kFloat).contiguous();
}

Tensor convolve(const Tensor& charges, const Tensor& kernel) {
  const auto rows = charges.size(0), columns = charges.size(1);
  const Tensor spectrum = at::fft_fft(at::fft_rfft(charges, 2 * columns, 1).t(), 2 * rows, 1);
  const Tensor by_column = at::fft_ifft(spectrum * kernel, 2 * rows, 1).slice(1, 0, rows);
  return at::fft_irfft(by_column.t(), 2 * columns, 1).slice(1, 0, columns).contiguous();
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
  out.select(1, 0).sub_(plan_.lowered());  // not part of near_, where float32 would lose the slopes
  return out - read_own_by_tensors(sources, plan_, near_);
}

}  // namespace svhn::interpret
