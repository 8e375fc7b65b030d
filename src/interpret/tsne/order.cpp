#include "interpret/tsne/order.h"

#include <ATen/ATen.h>

#include <algorithm>

#include "interpret/tsne/vector.h"

namespace svhn::interpret {
namespace {

constexpr double kSteps = 65535.0;  // along each axis

/// Bits 0 … 15 to the even places.
std::uint32_t spaced_out(std::uint32_t bits) {
  bits = (bits | bits << 8) & 0x00FF00FFU;
  bits = (bits | bits << 4) & 0x0F0F0F0FU;
  bits = (bits | bits << 2) & 0x33333333U;
  return (bits | bits << 1) & 0x55555555U;
}

}  // namespace

std::vector<std::int32_t> order_on_map(const torch::Tensor& map) {
  const torch::Tensor low = map.amin(0), extent = (map.amax(0) - low).to(at::kDouble);
  const double step = std::max(extent.max().item<double>(), 1e-30) / kSteps;
  const float *places = data_of<float>(map), *corner = data_of<float>(low);
  const auto along = [&](std::int64_t row, std::int64_t axis) {
    const double away = static_cast<double>(places[2 * row + axis]) - static_cast<double>(corner[axis]);
    return static_cast<std::uint32_t>(std::clamp(away / step, 0.0, kSteps));
  };
  std::vector<std::uint64_t> keys(static_cast<std::size_t>(map.size(0)));
  for (std::int64_t row = 0; row < map.size(0); ++row) {
    const std::uint64_t curve = spaced_out(along(row, 0)) | spaced_out(along(row, 1)) << 1;
    keys[static_cast<std::size_t>(row)] = curve << 32 | static_cast<std::uint64_t>(row);
  }
  std::sort(keys.begin(), keys.end());
  std::vector<std::int32_t> order(keys.size());
  std::transform(keys.begin(), keys.end(), order.begin(),
                 [](std::uint64_t key) { return static_cast<std::int32_t>(key & 0xFFFFFFFFU); });
  return order;
}

void reorder(ThreadPool& pool, const Affinities& from, const std::vector<std::int32_t>& order,
             Affinities& to) {
  std::vector<std::int32_t> rank(order.size());
  for (std::size_t k = 0; k < order.size(); ++k) {
    rank[static_cast<std::size_t>(order[k])] = static_cast<std::int32_t>(k);
  }
  to.negative_entropy = from.negative_entropy;
  to.starts.resize(from.starts.size());
  to.columns.resize(from.columns.size());
  to.values.resize(from.values.size());
  to.starts[0] = 0;
  for (std::size_t k = 0; k < order.size(); ++k) {
    const auto row = static_cast<std::size_t>(order[k]);
    to.starts[k + 1] = to.starts[k] + from.starts[row + 1] - from.starts[row];
  }
  pool.run_ranges(from.points(), kRows, [&](std::int64_t begin, std::int64_t end) {
    for (auto k = static_cast<std::size_t>(begin); k < static_cast<std::size_t>(end); ++k) {
      const auto start = from.starts[static_cast<std::size_t>(order[k])];
      const auto target = to.starts[k], count = to.starts[k + 1] - target;
      std::copy_n(from.values.begin() + start, count, to.values.begin() + target);
      std::transform(from.columns.begin() + start, from.columns.begin() + start + count,
                     to.columns.begin() + target,
                     [&](std::int32_t column) { return rank[static_cast<std::size_t>(column)]; });
    }
  });
}

}  // namespace svhn::interpret
