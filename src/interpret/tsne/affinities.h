#pragma once
/// The probabilities P of t-SNE, and their order in memory. N = points, K = neighbours of each.
/// @see van der Maaten and Hinton, "Visualizing Data using t-SNE", JMLR 9, 2008, section 2 (P, perplexity).

#include <torch/types.h>

#include <cstdint>
#include <vector>

#include "core/thread_pool.h"
#include "interpret/tsne/neighbours.h"

namespace svhn::interpret {

/// Calibrates a Gaussian around each point so that its entropy is log(perplexity), by bisection in float64.
/// @param distances f32 [N,K] squared, each row rising. @param perplexity in [1, K].
/// @returns p(j|i), f32 [N,K]; the sum of each row is 1. Where several neighbours share the smallest
/// distance, the perplexity cannot be less than their number.
/// @see scikit-learn 1.2, _binary_search_perplexity (100 bisections, tolerance 1e-5 on the entropy).
torch::Tensor conditional_probabilities(const torch::Tensor& distances, double perplexity);

/// A symmetric sparse matrix in CSR format, on the CPU. Rows are padded to a multiple of 16 entries with
/// entries of value 0 on the diagonal, so that loops over them need no remainder.
struct Affinities {
  std::vector<std::int64_t> starts;   ///< [N + 1], index of each row's first entry.
  std::vector<std::int32_t> columns;  ///< By rising column within a row, before the padding.
  std::vector<float> values;          ///< p_ij, with sum 1.
  double negative_entropy = 0.0;      ///< Sum of p log p, the constant part of the KL divergence.

  [[nodiscard]] std::int64_t points() const { return static_cast<std::int64_t>(starts.size()) - 1; }
};

/// @returns p_ij = (p(j|i) + p(i|j)) / 2N.
/// @param neighbours of every point, without the point itself. @param conditional f32 [N,K].
Affinities joint_affinities(const Neighbours& neighbours, const torch::Tensor& conditional);

/// Orders points so that neighbours on the map are near each other in memory.
/// @param map f32 [N,2] on the CPU. @returns the rows along a Z-order (Morton) curve through the map; points
/// at the same position by row.
std::vector<std::int32_t> z_order(const torch::Tensor& map);

/// Permutes rows and columns of a matrix.
/// @param to the same matrix where row and column k are those of point order[k]; within a row, the entries
/// keep their order.
void reorder(core::ThreadPool& pool, const Affinities& from, const std::vector<std::int32_t>& order,
             Affinities& to);

}  // namespace svhn::interpret
