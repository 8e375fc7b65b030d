#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <utility>

#include "interpret/tsne/forces.h"
#include "interpret/tsne/order.h"
#include "interpret/tsne/vector.h"

namespace svhn::interpret {
namespace {

using torch::Tensor;

constexpr std::int64_t kOrderFor = 50;  // steps
constexpr std::int64_t kRowsTogether = 128;
constexpr std::int64_t kRowsCollected =
    8;  // their points stay in the nearest cache, and are written when read

/// kLanes places, x and y in turn, to those of x and of y.
inline void separate(const float* places, Lanes& x, Lanes& y) {
  Lanes first, second;
  load(places, first);
  load(places + kLanes, second);
  x = __builtin_shufflevector(first, second, 0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30);
  y = __builtin_shufflevector(first, second, 1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23, 25, 27, 29, 31);
}

/// A row's share of the attraction.
/// @param places of the entries' points, x and y in turn. @param count a multiple of kLanes.
SVHN_VECTOR_CLONES
Point attract(Point own, const float* places, const float* values, std::int64_t count) {
  Lanes along_x{}, along_y{};
  for (std::int64_t i = 0; i < count; i += kLanes) {
    Lanes dx, dy, value;
    separate(places + 2 * i, dx, dy);
    load(values + i, value);
    dx = own.x - dx;
    dy = own.y - dy;
    const Lanes pull = value / (1.0F + dx * dx + dy * dy);
    along_x += pull * dx;
    along_y += pull * dy;
  }
  return {sum_of(along_x), sum_of(along_y)};
}

/// Copies the entries' points together. Eight bytes at a time, one after the other, is faster than what
/// processors have for it, and than what compilers make of two halves.
void collect(const float* map, const std::int32_t* columns, std::int64_t count, std::uint64_t* places) {
  for (std::int64_t i = 0; i < count; ++i) {
    std::memcpy(places + i, map + 2 * static_cast<std::int64_t>(columns[i]), sizeof(*places));
  }
}

/// A row of the matrix and its points' places.
struct Row {
  std::size_t index;
  Point own;
  const float *others, *values;
  std::int64_t count;
};

/// Calls `use` for some rows, whose entries' points are brought together before.
template <typename Use>
void for_rows(const Affinities& matrix, const float* places, std::int64_t begin, std::int64_t end,
              std::vector<std::uint64_t>& others, Use use) {
  const auto start_of = [&](std::int64_t row) { return matrix.starts[static_cast<std::size_t>(row)]; };
  for (auto first = begin; first < end; first += kRowsCollected) {
    const auto last = std::min(first + kRowsCollected, end);
    const auto start = start_of(first), count = start_of(last) - start;
    if (static_cast<std::int64_t>(others.size()) < count) others.resize(static_cast<std::size_t>(count));
    collect(places, matrix.columns.data() + start, count, others.data());
    for (auto row = first; row < last; ++row) {
      use(Row{static_cast<std::size_t>(row),
              {places[2 * row], places[2 * row + 1]},
              reinterpret_cast<const float*>(others.data() + (start_of(row) - start)),
              matrix.values.data() + start_of(row),
              start_of(row + 1) - start_of(row)});
    }
  }
}

/// The natural logarithm of finite values of 1 and more, to two units of the last place:
/// x = 2^k m, m in sqrt(1/2) … sqrt(2), log m = 2 atanh((m - 1) / (m + 1)).
inline void logarithm(const Lanes& x, Lanes& out) {
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

/// A row's share of the sum of p log(1 + d^2).
SVHN_VECTOR_CLONES
double pull_entropy(Point own, const float* places, const float* values, std::int64_t count) {
  Lanes sum{};
  for (std::int64_t i = 0; i < count; i += kLanes) {
    Lanes dx, dy, value, log;
    separate(places + 2 * i, dx, dy);
    load(values + i, value);
    dx = own.x - dx;
    dy = own.y - dy;
    logarithm(1.0F + dx * dx + dy * dy, log);
    sum += value * log;
  }
  return static_cast<double>(sum_of(sum));
}

}  // namespace

/// The affinities in the order of the map.
struct Attraction::Ordered {
  Affinities affinities;
  std::vector<std::int32_t> rows;
  std::int64_t asked = 0;
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

/// The map's points as `ordered_` has them, which follows the map every so often.
Tensor Attraction::in_order(ThreadPool& pool, const Tensor& map) {
  if (ordered_->asked++ % kOrderFor == 0) {
    ordered_->rows = order_on_map(map);
    reorder(pool, affinities_, ordered_->rows, ordered_->affinities);
  }
  Tensor places = at::empty_like(map);
  const float* from = data_of<float>(map);
  float* to = data_of<float>(places);
  for (const auto row : ordered_->rows) to = std::copy_n(from + 2 * static_cast<std::int64_t>(row), 2, to);
  return places;
}

Tensor Attraction::force(ThreadPool& pool, const Tensor& map) {
  if (by_tensors_) {
    const Tensor away = map.index_select(0, rows_) - map.index_select(0, columns_);
    const Tensor pull = values_ / (away.square().sum(1) + 1.0);
    // index_put_ adds in a fixed order on CUDA, index_add_ does not.
    return at::zeros_like(map).index_put_({rows_}, away * pull.unsqueeze(1), /*accumulate=*/true);
  }
  Tensor out = at::empty_like(map), places = in_order(pool, map);
  pool.run_ranges(map.size(0), kRowsTogether, [&](std::int64_t begin, std::int64_t end) {
    std::vector<std::uint64_t> others;
    for_rows(ordered_->affinities, data_of<float>(places), begin, end, others, [&](const Row& row) {
      const Point force = attract(row.own, row.others, row.values, row.count);
      float* target = data_of<float>(out) + 2 * static_cast<std::int64_t>(ordered_->rows[row.index]);
      target[0] = force.x;
      target[1] = force.y;
    });
  });
  return out;
}

double Attraction::divergence(ThreadPool& pool, const Tensor& map, double normaliser, double exaggeration) {
  double pulled = 0.0;
  if (by_tensors_) {
    const Tensor away = map.index_select(0, rows_) - map.index_select(0, columns_);
    pulled = (values_ * away.square().sum(1).log1p()).sum(at::kDouble).item<double>();
  } else {
    const Tensor places = in_order(pool, map);
    std::vector<double> sums(static_cast<std::size_t>(pieces_of(map.size(0))));
    pool.run_ranges(map.size(0), kRows, [&](std::int64_t begin, std::int64_t end) {
      std::vector<std::uint64_t> others;
      double& sum = sums[static_cast<std::size_t>(begin / kRows)];
      for_rows(ordered_->affinities, data_of<float>(places), begin, end, others,
               [&](const Row& row) { sum += pull_entropy(row.own, row.others, row.values, row.count); });
    });
    pulled = std::accumulate(sums.begin(), sums.end(), 0.0);
  }
  // sum over p of c p log(c p Z (1 + d^2)), where the p add up to 1
  return exaggeration *
         (affinities_.negative_entropy + std::log(exaggeration) + pulled + std::log(normaliser));
}

}  // namespace svhn::interpret
