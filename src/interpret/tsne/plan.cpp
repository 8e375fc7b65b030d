#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "core/error.h"
#include "interpret/tsne/grid.h"
#include "interpret/tsne/vector.h"

namespace svhn::interpret {
namespace {

using torch::Tensor;

constexpr double kInset = 4.5;  // of the outermost point from the outermost nodes, in nodes
// Nodes beyond a map's extent: stencils fit, and what wraps around through the splines has died away.
constexpr double kBorder = 12.0;
constexpr double kSlack = 1.06;      // a growing map outgrows its grid only every so often
constexpr double kTooWide = 1.5;     // a kept grid may be so much longer than needed
constexpr double kMaxExtent = 1e5;   // a map of millions of points measures some thousands
constexpr double kSmallest = 1e-12;  // extent of a map whose points coincide
// What a step costs, in units of one node's transforms: a point's look at one other, and at any at all.
constexpr double kPairCost = 0.02;
constexpr double kLookCost = 0.8;
constexpr double kSquaresSeen = 6.25;  // cells searched for pairs, in squares of the radius
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

/// kMaxSpacing, or a finer step with which the longer axis still fits kMinNodes, or a wider one for
/// kMaxNodes.
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

/// Lowest and highest of kLanes values and of those that came before; what is not finite makes `nothing` NaN.
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

/// x and y alternate, in the lanes too.
Bounds bounds_on_processor(const Tensor& map) {
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
  if (map.device().is_cpu()) return bounds_on_processor(map);
  const Tensor low = map.amin(0).to(at::kCPU, at::kDouble), high = map.amax(0).to(at::kCPU, at::kDouble);
  return checked({data_of<double>(low)[0], data_of<double>(low)[1]},
                 {data_of<double>(high)[0], data_of<double>(high)[1]});
}

/// How many other points there are around a point, for each unit of area, on average over the points.
double density_around(const Tensor& map, const Bounds& bounds) {
  const double side = std::max(bounds.widest() / static_cast<double>(kDensityCells - 1), 2.0);
  std::vector<std::int64_t> cells(static_cast<std::size_t>(kDensityCells * kDensityCells));
  const float* places = data_of<float>(map);
  for (std::int64_t i = 0; i < map.size(0); ++i) {
    const auto cell = [&](std::int64_t axis) {
      return static_cast<std::int64_t>(
          (static_cast<double>(places[2 * i + axis]) - bounds.low[static_cast<std::size_t>(axis)]) / side);
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

/// The spacing of least cost, wider than `plain` only if pairs then pay.
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
        nodes(spacing) + points * (kLookCost + kPairCost * kSquaresSeen * radius * radius * density);
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

}  // namespace svhn::interpret
