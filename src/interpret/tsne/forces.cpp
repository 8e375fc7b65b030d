#include "interpret/tsne/forces.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <utility>
#include <vector>

#include "interpret/tsne/vector.h"

namespace svhn::interpret {
namespace {

using torch::Tensor;

constexpr std::int64_t kTensorPairs = std::int64_t{1} << 24;

/// Repulsion on one point by all points including itself, which adds 1 to the sum of weights and nothing to
/// the force.
SVHN_VECTOR_CLONES
void repel(const float* xs, const float* ys, std::int64_t count, Point position, float* out) {
  double weights[kLanes] = {}, along_x[kLanes] = {}, along_y[kLanes] = {};
  std::int64_t i = 0;
  for (; i < count; i += kLanes) {  // the arrays are padded with points very far away
    for (int lane = 0; lane < kLanes; ++lane) {
      const double dx = static_cast<double>(position.x) - static_cast<double>(xs[i + lane]);
      const double dy = static_cast<double>(position.y) - static_cast<double>(ys[i + lane]);
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

/// One coordinate of all points, padded with a value so large that the weight of the padding is 0.
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

constexpr std::int64_t kOrderEvery = 50;  // calls
constexpr std::int64_t kRowsPerTask = 128;
// The points of so many rows stay in the first-level cache until they are read.
constexpr std::int64_t kRowsGathered = 8;

/// Splits kLanes interleaved points into x and y.
SVHN_INLINE void deinterleave(const float* positions, Lanes& x, Lanes& y) {
  Lanes first, second;
  load(positions, first);
  load(positions + kLanes, second);
  x = __builtin_shufflevector(first, second, 0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30);
  y = __builtin_shufflevector(first, second, 1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23, 25, 27, 29, 31);
}

/// @returns a row's contribution to the attraction.
/// @param positions of the entries' points, x and y interleaved. @param count a multiple of kLanes.
SVHN_VECTOR_CLONES
Point attract(Point own, const float* positions, const float* values, std::int64_t count) {
  Lanes along_x{}, along_y{};
  for (std::int64_t i = 0; i < count; i += kLanes) {
    Lanes dx, dy, value;
    deinterleave(positions + 2 * i, dx, dy);
    load(values + i, value);
    dx = own.x - dx;
    dy = own.y - dy;
    const Lanes pull = value / (1.0F + dx * dx + dy * dy);
    along_x += pull * dx;
    along_y += pull * dy;
  }
  return {sum_of(along_x), sum_of(along_y)};
}

/// Copies the entries' points to consecutive memory. Copies of eight bytes are faster than gather
/// instructions and than the code that compilers make of two copies of four bytes.
void gather_points(const float* map, const std::int32_t* columns, std::int64_t count,
                   std::uint64_t* positions) {
  for (std::int64_t i = 0; i < count; ++i) {
    std::memcpy(positions + i, map + 2 * static_cast<std::int64_t>(columns[i]), sizeof(*positions));
  }
}

/// A row of the matrix and the positions of its points.
struct Row {
  std::size_t index;
  Point own;
  const float *others, *values;
  std::int64_t count;
};

/// Calls `use` for rows [begin, end), after their entries' points have been gathered in `others`.
template <typename Use>
void for_rows(const Affinities& matrix, const float* positions, std::int64_t begin, std::int64_t end,
              std::vector<std::uint64_t>& others, Use use) {
  const auto start_of = [&](std::int64_t row) { return matrix.starts[static_cast<std::size_t>(row)]; };
  for (auto first = begin; first < end; first += kRowsGathered) {
    const auto last = std::min(first + kRowsGathered, end);
    const auto start = start_of(first), count = start_of(last) - start;
    if (static_cast<std::int64_t>(others.size()) < count) others.resize(static_cast<std::size_t>(count));
    gather_points(positions, matrix.columns.data() + start, count, others.data());
    for (auto row = first; row < last; ++row) {
      use(Row{static_cast<std::size_t>(row),
              {positions[2 * row], positions[2 * row + 1]},
              reinterpret_cast<const float*>(others.data() + (start_of(row) - start)),
              matrix.values.data() + start_of(row),
              start_of(row + 1) - start_of(row)});
    }
  }
}

/// The natural logarithm of finite values of at least 1, to two units in the last place: x = 2^k m, m in
/// sqrt(1/2) … sqrt(2), log m = 2 atanh((m - 1) / (m + 1)).
SVHN_INLINE void logarithm(const Lanes& x, Lanes& out) {
  LaneNumbers bits;
  std::memcpy(&bits, &x, sizeof(bits));
  const LaneNumbers exponent = (bits - 0x3F3504F3) >> 23;  // of sqrt(1/2)
  bits -= exponent << 23;
  Lanes m;
  std::memcpy(&m, &bits, sizeof(m));
  const Lanes s = (m - 1.0F) / (m + 1.0F), square = s * s;
  const Lanes series = ((square * (1.0F / 9) + 1.0F / 7) * square + 1.0F / 5) * square + 1.0F / 3;
  out = __builtin_convertvector(exponent, Lanes) * 0.693147180559945F + 2.0F * (s + s * square * series);
}

/// @returns a row's contribution to the sum of p log(1 + d^2).
SVHN_VECTOR_CLONES
double pull_entropy(Point own, const float* positions, const float* values, std::int64_t count) {
  Lanes sum{};
  for (std::int64_t i = 0; i < count; i += kLanes) {
    Lanes dx, dy, value, log;
    deinterleave(positions + 2 * i, dx, dy);
    load(values + i, value);
    dx = own.x - dx;
    dy = own.y - dy;
    logarithm(1.0F + dx * dx + dy * dy, log);
    sum += value * log;
  }
  return static_cast<double>(sum_of(sum));
}

}  // namespace

Tensor exact_fields(const Tensor& sources, const Tensor& points, bool by_tensors) {
  if (by_tensors || !points.device().is_cpu()) return fields_by_tensors(sources, points);
  const auto xs = padded_axis(sources, 0), ys = padded_axis(sources, 1);
  Tensor out = at::empty({points.size(0), 3}, points.options());
  const float* positions = data_of<float>(points);
  float* fields = data_of<float>(out);
  core::ThreadPool(at::get_num_threads())
      .run_ranges(points.size(0), 64, [&](std::int64_t begin, std::int64_t end) {
        for (auto i = begin; i < end; ++i) {
          repel(xs.data(), ys.data(), static_cast<std::int64_t>(xs.size()),
                {positions[2 * i], positions[2 * i + 1]}, fields + 3 * i);
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

/// The affinities in the Z-order of the map.
struct Attraction::Ordered {
  Affinities affinities;
  std::vector<std::int32_t> rows;
  std::int64_t calls = 0;
};

Attraction::~Attraction() = default;

Attraction::Attraction(const Affinities& affinities, const torch::Device& device, bool by_tensors)
    : affinities_(affinities), by_tensors_(by_tensors || !device.is_cpu()), ordered_(new Ordered) {
  if (!by_tensors_) return;
  const auto entries = static_cast<std::int64_t>(affinities.values.size());
  Tensor rows = at::empty({entries}, at::kLong), columns = at::empty({entries}, at::kLong);
  Tensor values = at::empty({entries}, at::kFloat);
  for (std::size_t row = 0; row + 1 < affinities.starts.size(); ++row) {
    std::fill(data_of<std::int64_t>(rows) + affinities.starts[row],
              data_of<std::int64_t>(rows) + affinities.starts[row + 1], static_cast<std::int64_t>(row));
  }
  std::copy(affinities.columns.begin(), affinities.columns.end(), data_of<std::int64_t>(columns));
  std::copy(affinities.values.begin(), affinities.values.end(), data_of<float>(values));
  rows_ = rows.to(device);
  columns_ = columns.to(device);
  values_ = values.to(device);
}

/// @returns the map's points in the order of `ordered_`, which is computed anew every kOrderEvery calls.
Tensor Attraction::in_order(core::ThreadPool& pool, const Tensor& map) {
  if (ordered_->calls++ % kOrderEvery == 0) {
    ordered_->rows = z_order(map);
    reorder(pool, affinities_, ordered_->rows, ordered_->affinities);
  }
  Tensor positions = at::empty_like(map);
  const float* from = data_of<float>(map);
  float* to = data_of<float>(positions);
  for (const auto row : ordered_->rows) to = std::copy_n(from + 2 * static_cast<std::int64_t>(row), 2, to);
  return positions;
}

Tensor Attraction::force(core::ThreadPool& pool, const Tensor& map) {
  if (by_tensors_) {
    const Tensor difference = map.index_select(0, rows_) - map.index_select(0, columns_);
    const Tensor pull = values_ / (difference.square().sum(1) + 1.0);
    // index_put_ adds in a fixed order on CUDA, index_add_ does not.
    return at::zeros_like(map).index_put_({rows_}, difference * pull.unsqueeze(1), /*accumulate=*/true);
  }
  Tensor out = at::empty_like(map), positions = in_order(pool, map);
  pool.run_ranges(map.size(0), kRowsPerTask, [&](std::int64_t begin, std::int64_t end) {
    std::vector<std::uint64_t> others;
    for_rows(ordered_->affinities, data_of<float>(positions), begin, end, others, [&](const Row& row) {
      const Point force = attract(row.own, row.others, row.values, row.count);
      float* target = data_of<float>(out) + 2 * static_cast<std::int64_t>(ordered_->rows[row.index]);
      target[0] = force.x;
      target[1] = force.y;
    });
  });
  return out;
}

double Attraction::divergence(core::ThreadPool& pool, const Tensor& map, double normaliser,
                              double exaggeration) {
  double pulled = 0.0;
  if (by_tensors_) {
    const Tensor difference = map.index_select(0, rows_) - map.index_select(0, columns_);
    pulled = (values_ * difference.square().sum(1).log1p()).sum(at::kDouble).item<double>();
  } else {
    const Tensor positions = in_order(pool, map);
    pulled = sum_ranges(pool, map.size(0), [&](std::int64_t begin, std::int64_t end) {
      std::vector<std::uint64_t> others;
      double sum = 0.0;
      for_rows(ordered_->affinities, data_of<float>(positions), begin, end, others,
               [&](const Row& row) { sum += pull_entropy(row.own, row.others, row.values, row.count); });
      return sum;
    });
  }
  // sum over p of c p log(c p Z (1 + d^2)), where the sum of p is 1
  return exaggeration *
         (affinities_.negative_entropy + std::log(exaggeration) + pulled + std::log(normaliser));
}

}  // namespace svhn::interpret
