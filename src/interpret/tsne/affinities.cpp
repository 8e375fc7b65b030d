#include "interpret/tsne/affinities.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <utility>

#include "interpret/tsne/vector.h"

namespace svhn::interpret {
namespace {

using torch::Tensor;

constexpr int kBisections = 100;
constexpr double kTolerance = 1e-5;
constexpr double kZOrderSteps = 65535.0;  // along each axis

/// Writes the weights exp(-beta (d - d0)). @returns their sum and the entropy of the normalised weights.
std::pair<double, double> gaussian(const float* distances, std::int64_t count, double beta, double* weights) {
  double sum = 0.0, moment = 0.0;
  for (std::int64_t j = 0; j < count; ++j) {
    const double beyond = static_cast<double>(distances[j]) - static_cast<double>(distances[0]);
    weights[j] = std::exp(-beta * beyond);
    sum += weights[j];
    moment += beyond * weights[j];
  }
  return {sum, std::log(sum) + beta * moment / sum};
}

/// One row's bisection over the precision beta = 1 / (2 sigma^2).
void calibrate(const float* distances, std::int64_t count, double target, double* weights, float* out) {
  double low = 0.0, high = std::numeric_limits<double>::infinity();
  const double spread = static_cast<double>(distances[count - 1]) - static_cast<double>(distances[0]);
  double beta = spread > 0.0 ? 1.0 / spread : 1.0, sum = 1.0;
  for (int i = 0; i < kBisections; ++i) {
    const auto [total, entropy] = gaussian(distances, count, beta, weights);
    sum = total;
    if (std::abs(entropy - target) <= kTolerance) break;
    (entropy > target ? low : high) = beta;
    beta = std::isinf(high) ? beta * 2.0 : (low + high) / 2.0;
  }
  for (std::int64_t j = 0; j < count; ++j) out[j] = static_cast<float>(weights[j] / sum);
}

struct Entry {
  std::int32_t column;
  float value;
};

/// The transposed matrix: for each point the points that have it as a neighbour, by rising row.
struct Incoming {
  std::vector<std::int64_t> starts;
  std::vector<Entry> entries;
};

Incoming transpose(const Neighbours& neighbours, const Tensor& conditional) {
  const auto points = conditional.size(0), count = conditional.size(1);
  const auto* columns = data_of<std::int32_t>(neighbours.indices);
  const auto* values = data_of<float>(conditional);
  Incoming incoming{std::vector<std::int64_t>(static_cast<std::size_t>(points) + 1),
                    std::vector<Entry>(static_cast<std::size_t>(points * count))};
  for (std::int64_t i = 0; i < points * count; ++i)
    ++incoming.starts[static_cast<std::size_t>(columns[i]) + 1];
  std::partial_sum(incoming.starts.begin(), incoming.starts.end(), incoming.starts.begin());
  std::vector<std::int64_t> next(incoming.starts.begin(), incoming.starts.end() - 1);
  for (std::int64_t i = 0; i < points * count; ++i) {
    const auto index = next[static_cast<std::size_t>(columns[i])]++;
    incoming.entries[static_cast<std::size_t>(index)] = {static_cast<std::int32_t>(i / count), values[i]};
  }
  return incoming;
}

/// Merges the neighbours of a point and the points that it is a neighbour of, by rising column, without
/// duplicates.
void merge_row(const Neighbours& neighbours, const Tensor& conditional, const Incoming& incoming,
               std::int64_t row, std::vector<Entry>& merged) {
  const auto count = conditional.size(1);
  merged.clear();
  for (std::int64_t k = row * count; k < (row + 1) * count; ++k) {
    merged.push_back({data_of<std::int32_t>(neighbours.indices)[k], data_of<float>(conditional)[k]});
  }
  const auto first = incoming.starts[static_cast<std::size_t>(row)];
  const auto last = incoming.starts[static_cast<std::size_t>(row) + 1];
  merged.insert(merged.end(), incoming.entries.begin() + first, incoming.entries.begin() + last);
  // A sum of two floats does not depend on their order, so neither does the result.
  std::sort(merged.begin(), merged.end(), [](const Entry& a, const Entry& b) { return a.column < b.column; });
  std::size_t used = 0;
  for (const Entry& entry : merged) {
    if (used > 0 && merged[used - 1].column == entry.column) {
      merged[used - 1].value += entry.value;
    } else {
      merged[used++] = entry;
    }
  }
  merged.resize(used);
}

double write_row(const std::vector<Entry>& merged, std::int64_t row, double scale, Affinities& out) {
  const auto begin = static_cast<std::size_t>(out.starts[static_cast<std::size_t>(row)]);
  const auto end = static_cast<std::size_t>(out.starts[static_cast<std::size_t>(row) + 1]);
  double entropy = 0.0;
  for (std::size_t i = begin; i < end; ++i) {
    const bool real = i - begin < merged.size();
    out.columns[i] = real ? merged[i - begin].column : static_cast<std::int32_t>(row);
    out.values[i] = real ? static_cast<float>(merged[i - begin].value * scale) : 0.0F;
    const double p = out.values[i];
    if (p > 0.0) entropy += p * std::log(p);
  }
  return entropy;
}

/// Calls `use(row, merged)` for every row, in parallel.
template <typename Use>
void for_merged_rows(const Neighbours& neighbours, const Tensor& conditional, const Incoming& incoming,
                     Use use) {
  core::ThreadPool(at::get_num_threads())
      .run_ranges(conditional.size(0), kRows, [&](std::int64_t begin, std::int64_t end) {
        std::vector<Entry> merged;
        for (auto row = begin; row < end; ++row) {
          merge_row(neighbours, conditional, incoming, row, merged);
          use(row, merged);
        }
      });
}

/// Moves bits 0 … 15 to the even positions.
std::uint32_t spread_bits(std::uint32_t bits) {
  bits = (bits | bits << 8) & 0x00FF00FFU;
  bits = (bits | bits << 4) & 0x0F0F0F0FU;
  bits = (bits | bits << 2) & 0x33333333U;
  return (bits | bits << 1) & 0x55555555U;
}

}  // namespace

Tensor conditional_probabilities(const Tensor& distances, double perplexity) {
  const auto points = distances.size(0), count = distances.size(1);
  const double target = std::log(perplexity);
  Tensor out = at::empty_like(distances);
  core::ThreadPool(at::get_num_threads()).run_ranges(points, 64, [&](std::int64_t begin, std::int64_t end) {
    std::vector<double> weights(static_cast<std::size_t>(count));
    for (auto row = begin; row < end; ++row) {
      calibrate(data_of<float>(distances) + row * count, count, target, weights.data(),
                data_of<float>(out) + row * count);
    }
  });
  return out;
}

Affinities joint_affinities(const Neighbours& neighbours, const Tensor& conditional) {
  const auto points = conditional.size(0);
  const Incoming incoming = transpose(neighbours, conditional);
  Affinities out;
  out.starts.assign(static_cast<std::size_t>(points) + 1, 0);
  for_merged_rows(neighbours, conditional, incoming, [&](std::int64_t row, const std::vector<Entry>& merged) {
    const auto size = static_cast<std::int64_t>(merged.size());
    out.starts[static_cast<std::size_t>(row) + 1] = (size + kLanes - 1) / kLanes * kLanes;
  });
  std::partial_sum(out.starts.begin(), out.starts.end(), out.starts.begin());
  out.columns.resize(static_cast<std::size_t>(out.starts.back()));
  out.values.resize(out.columns.size());
  std::vector<double> entropies(static_cast<std::size_t>(points));
  const double scale = 0.5 / static_cast<double>(points);
  for_merged_rows(neighbours, conditional, incoming, [&](std::int64_t row, const std::vector<Entry>& merged) {
    entropies[static_cast<std::size_t>(row)] = write_row(merged, row, scale, out);
  });
  out.negative_entropy = std::accumulate(entropies.begin(), entropies.end(), 0.0);
  return out;
}

std::vector<std::int32_t> z_order(const torch::Tensor& map) {
  const torch::Tensor low = map.amin(0), extent = (map.amax(0) - low).to(at::kDouble);
  const double step = std::max(extent.max().item<double>(), 1e-30) / kZOrderSteps;
  const float *positions = data_of<float>(map), *corner = data_of<float>(low);
  const auto along = [&](std::int64_t row, std::int64_t axis) {
    const double offset = static_cast<double>(positions[2 * row + axis]) - static_cast<double>(corner[axis]);
    return static_cast<std::uint32_t>(std::clamp(offset / step, 0.0, kZOrderSteps));
  };
  std::vector<std::uint64_t> keys(static_cast<std::size_t>(map.size(0)));
  for (std::int64_t row = 0; row < map.size(0); ++row) {
    const std::uint64_t curve = spread_bits(along(row, 0)) | spread_bits(along(row, 1)) << 1;
    keys[static_cast<std::size_t>(row)] = curve << 32 | static_cast<std::uint64_t>(row);
  }
  std::sort(keys.begin(), keys.end());
  std::vector<std::int32_t> order(keys.size());
  std::transform(keys.begin(), keys.end(), order.begin(),
                 [](std::uint64_t key) { return static_cast<std::int32_t>(key & 0xFFFFFFFFU); });
  return order;
}

void reorder(core::ThreadPool& pool, const Affinities& from, const std::vector<std::int32_t>& order,
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
