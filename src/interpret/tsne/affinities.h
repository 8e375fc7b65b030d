#pragma once
/// The probabilities P that t-SNE's map is to show. N = points, K = neighbours of each.
/// @see van der Maaten and Hinton, "Visualizing Data using t-SNE", JMLR 9, 2008, section 2 (P, perplexity).

#include <torch/types.h>

#include <cstdint>
#include <vector>

#include "interpret/tsne/neighbours.h"

namespace svhn::interpret {

/// Calibrates a Gaussian around each point so that its entropy is log(perplexity), by bisection in float64.
/// @param distances f32 [N,K] squared, each row rising. @param perplexity in [1, K].
/// @returns p(j|i), f32 [N,K]; each row adds up to 1. Where several neighbours share the smallest distance,
/// the perplexity cannot fall below their number.
/// @see scikit-learn 1.2, _binary_search_perplexity (100 halvings, tolerance 1e-5 on the entropy).
torch::Tensor conditional_probabilities(const torch::Tensor& distances, double perplexity);

/// A symmetric sparse matrix by rows, on the processor. Rows are padded to a multiple of 16 entries by
/// entries of value 0 on the diagonal, so that loops over them need no remainder.
struct Affinities {
  std::vector<std::int64_t> starts;   ///< N + 1, where each row begins.
  std::vector<std::int32_t> columns;  ///< By rising column within a row, before the padding.
  std::vector<float> values;          ///< p_ij; all together add up to 1.
  double negative_entropy = 0.0;      ///< Sum of p log p, the constant part of the divergence.

  [[nodiscard]] std::int64_t points() const { return static_cast<std::int64_t>(starts.size()) - 1; }
};

/// @returns p_ij = (p(j|i) + p(i|j)) / 2N.
/// @param neighbours of every point, itself left out. @param conditional f32 [N,K].
Affinities joint_affinities(const Neighbours& neighbours, const torch::Tensor& conditional);

}  // namespace svhn::interpret
