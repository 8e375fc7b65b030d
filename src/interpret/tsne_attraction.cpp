#include <ATen/ATen.h>
#include <ATen/Parallel.h>

#include <algorithm>
#include <cmath>

#include "svhn/interpret/tsne_forces.h"
#include "tsne_vector.h"

namespace svhn::interpret {
namespace {

using torch::Tensor;

struct Point {
  float x;
  float y;
};

/// A row's share of the attraction; entries come in whole multiples of kLanes.
SVHN_VECTOR_CLONES
Point attract(const float* map, std::int64_t row, const std::int32_t* columns, const float* values,
              std::int64_t count) {
  const float x = map[2 * row], y = map[2 * row + 1];
  float along_x[kLanes] = {}, along_y[kLanes] = {};
  for (std::int64_t i = 0; i < count; i += kLanes) {
    for (int lane = 0; lane < kLanes; ++lane) {
      const std::int32_t column = columns[i + lane];
      const float dx = x - map[2 * column], dy = y - map[2 * column + 1];
      const float pull = values[i + lane] / (1.0F + dx * dx + dy * dy);
      along_x[lane] += pull * dx;
      along_y[lane] += pull * dy;
    }
  }
  Point sum{0.0F, 0.0F};
  for (int lane = 0; lane < kLanes; ++lane) {
    sum.x += along_x[lane];
    sum.y += along_y[lane];
  }
  return sum;
}

/// A row's share of the sum of p log(1 + d^2).
double pull_entropy(const float* map, std::int64_t row, const std::int32_t* columns, const float* values,
                    std::int64_t count) {
  const float x = map[2 * row], y = map[2 * row + 1];
  double sum = 0.0;
  for (std::int64_t i = 0; i < count; ++i) {
    const float dx = x - map[2 * columns[i]], dy = y - map[2 * columns[i] + 1];
    sum += static_cast<double>(values[i] * std::log1p(dx * dx + dy * dy));
  }
  return sum;
}

}  // namespace

Attraction::Attraction(const Affinities& affinities, const torch::Device& device, bool by_tensors)
    : affinities_(affinities), by_tensors_(by_tensors || !device.is_cpu()) {
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

Tensor Attraction::force(const Tensor& map) const {
  if (by_tensors_) {
    const Tensor away = map.index_select(0, rows_) - map.index_select(0, columns_);
    const Tensor pull = values_ / (away.square().sum(1) + 1.0);
    // index_put_ adds in a fixed order on CUDA, index_add_ does not.
    return at::zeros_like(map).index_put_({rows_}, away * pull.unsqueeze(1), /*accumulate=*/true);
  }
  Tensor out = at::empty_like(map);
  const float* places = data_of<float>(map);
  float* forces = data_of<float>(out);
  at::parallel_for(0, map.size(0), 64, [&](std::int64_t begin, std::int64_t end) {
    for (auto row = begin; row < end; ++row) {
      const auto start = affinities_.starts[static_cast<std::size_t>(row)];
      const auto count = affinities_.starts[static_cast<std::size_t>(row) + 1] - start;
      const Point force =
          attract(places, row, affinities_.columns.data() + start, affinities_.values.data() + start, count);
      forces[2 * row] = force.x;
      forces[2 * row + 1] = force.y;
    }
  });
  return out;
}

double Attraction::divergence(const Tensor& map, double normaliser, double exaggeration) const {
  double pulled = 0.0;
  if (by_tensors_) {
    const Tensor away = map.index_select(0, rows_) - map.index_select(0, columns_);
    pulled = (values_ * away.square().sum(1).log1p()).sum(at::kDouble).item<double>();
  } else {
    pulled = sum_rows(map.size(0), [&](std::int64_t row) {
      const auto start = affinities_.starts[static_cast<std::size_t>(row)];
      const auto count = affinities_.starts[static_cast<std::size_t>(row) + 1] - start;
      return pull_entropy(data_of<float>(map), row, affinities_.columns.data() + start,
                          affinities_.values.data() + start, count);
    });
  }
  // sum over p of c p log(c p Z (1 + d^2)), where the p add up to 1
  return exaggeration *
         (affinities_.negative_entropy + std::log(exaggeration) + pulled + std::log(normaliser));
}

}  // namespace svhn::interpret
