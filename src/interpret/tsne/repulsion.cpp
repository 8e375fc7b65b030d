#include "interpret/tsne/repulsion.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>

#include "interpret/tsne/stencil.h"

namespace svhn::interpret {
namespace {

using torch::Tensor;

constexpr std::int64_t kPlanEvery = 50;  // calls, since a map's density may change while its width does not
constexpr std::int64_t kBandNodes =
    8;  // at least kStencil - 1, so that a band reaches only into the next one
constexpr std::int64_t kCellNodes = 2;  // half a radius
constexpr std::int64_t kReach = 2;      // cells in each direction that contain points nearer than the radius
constexpr float kFarAway = 1e18F;       // the weight of such a point is 0
static_assert(kRadiusNodes <= static_cast<double>(kCellNodes * kReach) && kBandNodes % kCellNodes == 0);

/// Sums the pairs of one point, see GridPlan::radius.
/// @param xs, ys coordinates of `count` points, a multiple of kLanes. @param border the radius squared.
SVHN_VECTOR_CLONES
void add_pairs(const float* xs, const float* ys, std::int64_t count, const float* position, float border,
               float* out) {
  static_assert(kKernelTerms == 4);
  const float scale = 1.0F / (1.0F + border);
  const float x = position[0], y = position[1];
  Lanes weights{}, along_x{}, along_y{};
  for (std::int64_t i = 0; i < count; i += kLanes) {
    Lanes dx, dy;
    load(xs + i, dx);
    load(ys + i, dy);
    dx = x - dx;
    dy = y - dy;
    const Lanes squared = dx * dx + dy * dy;
    const Lanes weight = 1.0F / (1.0F + squared), inside = (border - squared) * scale;
    const Lanes z = inside > 0.0F ? inside : Lanes{};
    const Lanes cube = z * z * z * weight, rest = z * weight;
    weights += cube * z;
    const Lanes slope = cube * (4.0F * scale + rest);
    along_x += slope * dx;
    along_y += slope * dy;
  }
  out[0] = sum_of(weights);
  out[1] = sum_of(along_x);
  out[2] = sum_of(along_y);
}

std::size_t index(std::int64_t i) {
  return static_cast<std::size_t>(i);
}

/// Sums of products of the splines' weights 0, 1, 2 and 3 nodes apart, in both directions, and half their
/// derivatives.
SVHN_INLINE void autocorrelate(const Lanes& t, Lanes* sums, Lanes* slopes) {
  const Lanes u = 1.0F - t;
  const Lanes w[kStencil] = {u * u * u / 6.0F, 2.0F / 3.0F - t * t * (1.0F - t / 2.0F),
                             2.0F / 3.0F - u * u * (1.0F - u / 2.0F), t * t * t / 6.0F};
  const Lanes s[kStencil] = {-u * u / 2.0F, t * (1.5F * t - 2.0F), u * (2.0F - 1.5F * u), t * t / 2.0F};
  for (int apart = 0; apart < kStencil; ++apart) sums[apart] = slopes[apart] = Lanes{};
  for (int i = 0; i < kStencil; ++i) {
    for (int j = 0; j < kStencil; ++j) {
      sums[i < j ? j - i : i - j] += w[i] * w[j];
      slopes[i < j ? j - i : i - j] += s[i] * w[j];
    }
  }
}

/// The potential and slopes of kLanes charges of 1 at their own positions on the grid, which differ a little
/// from the kernel's peak and 0.
/// @param near see kernel_near_zero. @param out potentials, and slopes for a step of one node along x and y.
SVHN_VECTOR_CLONES
void read_own(const float* tx, const float* ty, const float* near, float* out) {
  Lanes x, y;
  load(tx, x);
  load(ty, y);
  Lanes columns[kStencil], steep_columns[kStencil], rows[kStencil], steep_rows[kStencil];
  autocorrelate(x, columns, steep_columns);
  autocorrelate(y, rows, steep_rows);
  Lanes results[3] = {};
  for (int c = 0; c < kStencil; ++c) {  // `near` is by column first
    Lanes sum{}, slope{};
    for (int r = 0; r < kStencil; ++r) {
      sum += near[c * kStencil + r] * rows[r];
      slope += near[c * kStencil + r] * steep_rows[r];
    }
    results[0] += columns[c] * sum;
    results[1] += steep_columns[c] * sum;
    results[2] += columns[c] * slope;
  }
  for (int field = 0; field < 3; ++field) store(results[field], out + field * kLanes);
}

}  // namespace

void MapRepulsion::plan(const Tensor& map) {
  const bool again = ++planned_ > kPlanEvery;
  const GridPlan plan = plan_grid(map, again ? GridPlan{} : plan_, /*pairs=*/true);
  if (again) planned_ = 0;
  if (!near_zero_.defined() || plan.nodes != plan_.nodes || plan.spacing != plan_.spacing ||
      plan.radius != plan_.radius) {
    const Tensor kernel = kernel_transform(plan, at::kCPU);
    near_zero_ = kernel_near_zero(kernel);
    grid_.prepare(kernel);
  }
  plan_ = plan;
}

/// Counting sort by cell; within a cell by index.
void MapRepulsion::sort(core::ThreadPool& pool, const Tensor& map) {
  const auto count = map.size(0);
  const float* positions = data_of<float>(map);
  sorted_.nodes = plan_.radius > 0.0 ? kCellNodes : kBandNodes;
  sorted_.columns = plan_.nodes[0] / sorted_.nodes + 1;
  sorted_.rows = plan_.nodes[1] / sorted_.nodes + 1;
  sorted_.cells.resize(index(count));
  pool.run_ranges(count, kRows, [&](std::int64_t begin, std::int64_t end) {
    for (auto i = begin; i < end; ++i) {
      const GridPosition position = grid_position(positions + 2 * i, plan_);
      sorted_.cells[index(i)] = static_cast<std::int32_t>(position.row / sorted_.nodes * sorted_.columns +
                                                          position.column / sorted_.nodes);
    }
  });
  sorted_.starts.assign(index(sorted_.columns * sorted_.rows) + 2, 0);
  for (const auto cell : sorted_.cells) ++sorted_.starts[index(cell) + 2];
  for (std::size_t cell = 2; cell < sorted_.starts.size(); ++cell)
    sorted_.starts[cell] += sorted_.starts[cell - 1];
  sorted_.order.resize(index(count));
  for (std::int64_t i = 0; i < count; ++i) {
    auto& next = sorted_.starts[index(sorted_.cells[index(i)]) + 1];  // at the end, the end of the cell
    sorted_.order[index(next++)] = static_cast<std::int32_t>(i);
  }
  sorted_.starts.pop_back();
  for (auto* values : {&sorted_.x, &sorted_.y, &sorted_.tx, &sorted_.ty})
    values->resize(index(count + kLanes));
  for (auto* values : {&sorted_.column, &sorted_.row}) values->resize(index(count));
  sorted_.fields.assign(index(3 * count), 0.0F);
}

void MapRepulsion::locate(std::int64_t begin, std::int64_t end, const float* map) {
  for (auto k = begin; k < end; ++k) {
    const float* point = map + 2 * static_cast<std::int64_t>(sorted_.order[index(k)]);
    const GridPosition position = grid_position(point, plan_);
    sorted_.x[index(k)] = point[0];
    sorted_.y[index(k)] = point[1];
    sorted_.tx[index(k)] = position.tx;
    sorted_.ty[index(k)] = position.ty;
    sorted_.column[index(k)] = position.column;
    sorted_.row[index(k)] = position.row;
  }
}

/// Even bands share no rows with each other, and neither do odd bands: each half runs in parallel, and each
/// node adds its points in the same order for any number of threads.
void MapRepulsion::spread(core::ThreadPool& pool, const Tensor& map) {
  const auto cell_rows = kBandNodes / sorted_.nodes;
  const auto bands = (sorted_.rows + cell_rows - 1) / cell_rows;
  grid_.clear();
  for (std::int64_t parity = 0; parity < 2; ++parity) {
    pool.run((bands - parity + 1) / 2, [&](std::int64_t chunk, int) {
      const auto first = (2 * chunk + parity) * cell_rows;
      const auto last = std::min(first + cell_rows, sorted_.rows);
      const auto begin = sorted_.starts[index(first * sorted_.columns)];
      const auto end = sorted_.starts[index(last * sorted_.columns)];
      locate(begin, end, data_of<float>(map));
      for (auto k = begin; k < end; ++k) {
        const auto i = index(k);
        spread_point({sorted_.column[i], sorted_.row[i], sorted_.tx[i], sorted_.ty[i]}, grid_.stride(),
                     grid_.values());
      }
    });
  }
}

void MapRepulsion::add_near_cell(std::int64_t row, std::int64_t column, std::vector<float>& around) {
  const auto cell = row * sorted_.columns + column;
  const auto begin = sorted_.starts[index(cell)], end = sorted_.starts[index(cell) + 1];
  if (begin == end) return;
  const auto left = std::max<std::int64_t>(column - kReach, 0);
  const auto right = std::min(column + kReach, sorted_.columns - 1);
  const auto below = std::max<std::int64_t>(row - kReach, 0),
             above = std::min(row + kReach, sorted_.rows - 1);
  std::int64_t count = 0;
  const auto each_row = [&](auto use) {
    for (auto r = below; r <= above; ++r) {
      use(sorted_.starts[index(r * sorted_.columns + left)],
          sorted_.starts[index(r * sorted_.columns + right) + 1]);
    }
  };
  each_row([&](std::int32_t first, std::int32_t last) { count += last - first; });
  const auto padded = (count + kLanes - 1) / kLanes * kLanes;
  if (static_cast<std::int64_t>(around.size()) < 2 * padded) around.resize(index(2 * padded));
  float *x = around.data(), *y = x + padded;
  each_row([&](std::int32_t first, std::int32_t last) {
    x = std::copy(sorted_.x.begin() + first, sorted_.x.begin() + last, x);
    y = std::copy(sorted_.y.begin() + first, sorted_.y.begin() + last, y);
  });
  std::fill_n(x, padded - count, kFarAway);
  std::fill_n(y, padded - count, kFarAway);
  const auto border = static_cast<float>(plan_.radius * plan_.radius);
  for (auto k = begin; k < end; ++k) {
    const float point[] = {sorted_.x[index(k)], sorted_.y[index(k)]};
    add_pairs(around.data(), around.data() + padded, padded, point, border, &sorted_.fields[index(3 * k)]);
  }
}

void MapRepulsion::add_near(core::ThreadPool& pool) {
  if (plan_.radius == 0.0) return;
  pool.run(sorted_.rows, [&](std::int64_t row, int) {
    std::vector<float> around;
    for (std::int64_t column = 0; column < sorted_.columns; ++column) add_near_cell(row, column, around);
  });
}

/// @returns the sum of the potentials without each point's own.
double MapRepulsion::read(std::int64_t begin, std::int64_t end, float* force) const {
  const auto scale = static_cast<float>(-0.5 / plan_.spacing);
  const double border = plan_.radius * plan_.radius;
  const double own_pair = std::pow(border / (1.0 + border), kKernelTerms);  // of a point with itself
  const double lowered = plan_.lowered() * (static_cast<double>(sorted_.order.size()) - 1.0);
  float own[3 * kLanes];
  double sum = 0.0;
  for (auto k = begin; k < end; ++k) {
    const auto i = index(k);
    const auto lane = index((k - begin) % kLanes);
    if (lane == 0) read_own(&sorted_.tx[i], &sorted_.ty[i], data_of<float>(near_zero_), own);
    float fields[3];
    read_point({sorted_.column[i], sorted_.row[i], sorted_.tx[i], sorted_.ty[i]}, grid_.stride(),
               grid_.values(), fields);
    const float* near = &sorted_.fields[3 * i];
    float* out = force + 2 * static_cast<std::int64_t>(sorted_.order[i]);
    out[0] = near[1] + scale * (fields[1] - own[kLanes + lane]);
    out[1] = near[2] + scale * (fields[2] - own[2 * kLanes + lane]);
    sum += static_cast<double>(near[0] + (fields[0] - own[lane])) - own_pair + lowered;
  }
  return sum;
}

Repulsion MapRepulsion::operator()(core::ThreadPool& pool, const Tensor& map) {
  plan(map);
  sort(pool, map);
  spread(pool, map);
  grid_.run(pool);
  add_near(pool);
  Repulsion repulsion{at::empty_like(map), 0.0};
  repulsion.normaliser = sum_ranges(pool, map.size(0), [&](std::int64_t begin, std::int64_t end) {
    return read(begin, end, data_of<float>(repulsion.force));
  });
  return repulsion;
}

}  // namespace svhn::interpret
