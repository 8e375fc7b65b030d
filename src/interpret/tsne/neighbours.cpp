#include "interpret/tsne/neighbours.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>

#include <algorithm>
#include <bit>
#include <limits>
#include <utility>
#include <vector>

#include "interpret/tsne/vector.h"

namespace svhn::interpret {
namespace {

using torch::Tensor;

constexpr std::int64_t kQueryBlock = 512;
constexpr std::int64_t kReferenceBlock = 4096;
constexpr std::int64_t kChunk = 64;  // scores compared at once
constexpr std::int64_t kTensorBlock = std::int64_t{1} << 25;

/// @returns an integer that orders by score, then by row: the high half is the score, the low half the row.
SVHN_INLINE std::uint64_t key_of(float score, std::uint32_t row) {
  const auto bits = std::bit_cast<std::uint32_t>(score);
  const std::uint32_t ordered = (bits >> 31) != 0 ? ~bits : bits | 0x80000000U;
  return std::uint64_t{ordered} << 32 | row;
}

/// The best candidates of one query so far, unordered.
struct Candidates {
  std::vector<std::uint64_t> keys;
  std::size_t used = 0;
  std::size_t keep = 0;
  float bound = std::numeric_limits<float>::infinity();

  explicit Candidates(std::size_t count) : keys(3 * count + 2 * kChunk), keep(count) {}

  void shrink() {
    if (used <= keep) return;
    std::nth_element(keys.begin(), keys.begin() + static_cast<std::ptrdiff_t>(keep - 1),
                     keys.begin() + static_cast<std::ptrdiff_t>(used));
    used = keep;
    const auto ordered = static_cast<std::uint32_t>(keys[keep - 1] >> 32);
    bound = std::bit_cast<float>((ordered >> 31) != 0 ? ordered & 0x7FFFFFFFU : ~ordered);
  }
};

/// @returns whether one of kChunk scores is below the bound; without a branch, to be vectorised.
SVHN_INLINE bool any_below(const float* scores, float bound) {
  int found = 0;
  for (std::int64_t i = 0; i < kChunk; ++i) found |= static_cast<int>(scores[i] < bound);
  return found != 0;
}

void append(Candidates& candidates, const float* scores, std::int64_t count, std::uint32_t row) {
  if (candidates.used + kChunk > candidates.keys.size()) candidates.shrink();
  const float bound = candidates.bound;
  std::uint64_t* keys = candidates.keys.data();
  std::size_t used = candidates.used;
  for (std::int64_t i = 0; i < count; ++i) {
    keys[used] = key_of(scores[i], row + static_cast<std::uint32_t>(i));
    used += static_cast<std::size_t>(scores[i] < bound);
  }
  candidates.used = used;
}

SVHN_VECTOR_CLONES
void scan(Candidates& candidates, const float* scores, std::int64_t count, std::uint32_t first_row) {
  std::int64_t i = 0;
  for (; i + kChunk <= count; i += kChunk) {
    if (any_below(scores + i, candidates.bound)) {
      append(candidates, scores + i, kChunk, first_row + static_cast<std::uint32_t>(i));
    }
  }
  if (i < count) append(candidates, scores + i, count - i, first_row + static_cast<std::uint32_t>(i));
}

SVHN_VECTOR_CLONES
float squared_distance(const float* a, const float* b, std::int64_t width) {
  float lanes[kLanes] = {};
  std::int64_t i = 0;
  for (; i + kLanes <= width; i += kLanes) {
    for (int lane = 0; lane < kLanes; ++lane) {
      const float difference = a[i + lane] - b[i + lane];
      lanes[lane] += difference * difference;
    }
  }
  float sum = 0.0F;
  for (; i < width; ++i) sum += (a[i] - b[i]) * (a[i] - b[i]);
  for (const float lane : lanes) sum += lane;
  return sum;
}

/// Centred points, and the augmented ones with which score(query, row) = |row|^2 - 2 query·row is one matrix
/// product.
struct Prepared {
  Tensor queries;            // f32 [M,D], centred
  Tensor reference;          // f32 [N,D], centred
  Tensor augmented_queries;  // f32 [M,D+1]: -2 query, 1
  Tensor augmented;          // f32 [N,D+1]: row, |row|^2
};

/// Centring makes the scores and therefore their rounding errors small.
Prepared prepare(const Tensor& queries, const Tensor& reference) {
  const Tensor centre = reference.mean(0, /*keepdim=*/true, at::kDouble).to(at::kFloat);
  Prepared points{(queries - centre).contiguous(), (reference - centre).contiguous(), {}, {}};
  points.augmented_queries = at::cat({points.queries * -2, at::ones_like(points.queries.slice(1, 0, 1))}, 1);
  points.augmented = at::cat({points.reference, points.reference.square().sum(1, /*keepdim=*/true)}, 1);
  return points;
}

std::int64_t candidate_count(const NeighbourOptions& options, std::int64_t reference) {
  return std::min(options.count + options.count / 4 + 16 + (options.skip_self ? 1 : 0), reference);
}

/// Computes the exact distances of one query's candidates and writes the nearest.
void refine(const Prepared& points, Candidates& candidates, std::int64_t query,
            const NeighbourOptions& options, const Neighbours& out) {
  candidates.shrink();
  const std::int64_t width = points.queries.size(1);
  const float* position = data_of<float>(points.queries) + query * width;
  std::vector<std::pair<float, std::int32_t>> found;
  found.reserve(candidates.used);
  for (std::size_t i = 0; i < candidates.used; ++i) {
    const auto row = static_cast<std::int32_t>(candidates.keys[i] & 0xFFFFFFFFU);
    if (options.skip_self && row == query) continue;
    found.emplace_back(squared_distance(position, data_of<float>(points.reference) + row * width, width),
                       row);
  }
  std::partial_sort(found.begin(), found.begin() + options.count, found.end());
  for (std::int64_t i = 0; i < options.count; ++i) {
    const auto [distance, row] = found[static_cast<std::size_t>(i)];
    data_of<float>(out.distances)[query * options.count + i] = distance;
    data_of<std::int32_t>(out.indices)[query * options.count + i] = row;
  }
}

/// Searches the candidates of the queries from `first` on; `best` has one element for each.
void search_block(core::ThreadPool& pool, const Prepared& points, std::int64_t first,
                  std::vector<Candidates>& best) {
  const auto count = static_cast<std::int64_t>(best.size()), rows = points.reference.size(0);
  const Tensor queries = points.augmented_queries.slice(0, first, first + count);
  Tensor scores;
  for (std::int64_t row = 0; row < rows; row += kReferenceBlock) {
    const Tensor block = points.augmented.slice(0, row, row + kReferenceBlock).t();
    const std::int64_t width = block.size(1);
    if (scores.defined() && scores.size(1) == width) {
      at::mm_out(scores, queries, block);
    } else {
      scores = at::mm(queries, block);
    }
    const float* values = data_of<float>(scores);
    pool.run_ranges(count, 16, [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t query = begin; query < end; ++query) {
        scan(best[static_cast<std::size_t>(query)], values + query * width, width,
             static_cast<std::uint32_t>(row));
      }
    });
  }
}

Neighbours make_result(std::int64_t queries, std::int64_t count) {
  return {at::empty({queries, count}, at::kInt), at::empty({queries, count}, at::kFloat)};
}

/// Version in tensor operations of search_block and refine.
void tensor_block(const Prepared& points, std::int64_t first, std::int64_t rows,
                  const NeighbourOptions& options, const Neighbours& out) {
  const Tensor queries = points.queries.slice(0, first, first + rows);
  Tensor scores = at::mm(points.augmented_queries.slice(0, first, first + rows), points.augmented.t());
  if (options.skip_self) {
    scores.diagonal(first).slice(0, 0, queries.size(0)).fill_(std::numeric_limits<float>::infinity());
  }
  const auto count =
      std::min(candidate_count(options, scores.size(1)), scores.size(1) - (options.skip_self ? 1 : 0));
  // By rising row first, so that a stable sort by distance breaks ties by row.
  const Tensor rows_found = std::get<0>(std::get<1>(scores.topk(count, 1, /*largest=*/false, false)).sort(1));
  const Tensor positions =
      points.reference.index_select(0, rows_found.flatten()).view({-1, count, queries.size(1)});
  const Tensor distances = (positions - queries.unsqueeze(1)).square().sum(2);
  const auto [sorted, order] = distances.sort(/*stable=*/true, 1, /*descending=*/false);
  out.distances.slice(0, first, first + rows).copy_(sorted.slice(1, 0, options.count));
  out.indices.slice(0, first, first + rows).copy_(rows_found.gather(1, order.slice(1, 0, options.count)));
}

}  // namespace

Neighbours nearest_neighbours(const Tensor& queries, const Tensor& reference,
                              const NeighbourOptions& options) {
  if (!queries.device().is_cpu()) return nearest_neighbours_by_tensors(queries, reference, options);
  const Prepared points = prepare(queries, reference);
  const Neighbours out = make_result(queries.size(0), options.count);
  core::ThreadPool pool(at::get_num_threads());
  const auto keep = static_cast<std::size_t>(candidate_count(options, reference.size(0)));
  for (std::int64_t first = 0; first < queries.size(0); first += kQueryBlock) {
    if (options.between) options.between();
    const auto count = std::min(kQueryBlock, queries.size(0) - first);
    std::vector<Candidates> best(static_cast<std::size_t>(count), Candidates(keep));
    search_block(pool, points, first, best);
    pool.run_ranges(count, 16, [&](std::int64_t begin, std::int64_t end) {
      for (auto i = begin; i < end; ++i)
        refine(points, best[static_cast<std::size_t>(i)], first + i, options, out);
    });
  }
  return out;
}

Neighbours nearest_neighbours_by_tensors(const Tensor& queries, const Tensor& reference,
                                         const NeighbourOptions& options) {
  const Prepared points = prepare(queries, reference);
  const Neighbours out = make_result(queries.size(0), options.count);
  const auto width =
      std::max(reference.size(0), candidate_count(options, reference.size(0)) * queries.size(1));
  const auto rows = std::clamp<std::int64_t>(kTensorBlock / width, 1, 4096);
  for (std::int64_t first = 0; first < queries.size(0); first += rows) {
    if (options.between) options.between();
    tensor_block(points, first, rows, options, out);
  }
  return out;
}

}  // namespace svhn::interpret
