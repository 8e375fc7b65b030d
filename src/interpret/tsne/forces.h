#pragma once
/// The two forces of t-SNE and the KL divergence. N = points; a map is f32 [N,2]; w_ij = 1 / (1 + |y_i -
/// y_j|^2); Z = sum of w_ij over i != j.
/// @see van der Maaten, "Accelerating t-SNE using tree-based algorithms", JMLR 15, 2014, equation 8 (the
/// gradient as the difference of attraction and repulsion).

#include <torch/types.h>

#include <memory>

#include "interpret/tsne/affinities.h"
#include "interpret/tsne/grid.h"

namespace svhn::interpret {

/// Fields by direct summation over all pairs, O(N M): the reference for FieldGrid.
/// @param sources f32 [N,2] contiguous. @param points f32 [M,2] contiguous.
/// @param by_tensors sum in tensor operations and float32, as on devices other than the CPU; otherwise the
/// sums are float64.
/// @returns f32 [M,3]: sums over the sources of w, w^2 dx and w^2 dy.
torch::Tensor exact_fields(const torch::Tensor& sources, const torch::Tensor& points,
                           bool by_tensors = false);

struct Repulsion {
  torch::Tensor force;      ///< f32 [N,2], sum over j of w_ij^2 (y_i - y_j).
  double normaliser = 0.0;  ///< Z.
};

/// @param map f32 [N,2] contiguous. @returns the repulsion by all pairs.
Repulsion exact_repulsion(const torch::Tensor& map);
/// @param grid keeps its kernels for the next call. @returns the repulsion by interpolation on the grid.
Repulsion grid_repulsion(FieldGrid& grid, const torch::Tensor& map);

/// The attraction, sum over j of p_ij w_ij (y_i - y_j), and the KL divergence.
class Attraction {
 public:
  /// @param affinities copied to `device`; not copied, but referenced, where that is the CPU.
  /// @param device where the maps are.
  /// @param by_tensors use tensor operations only, as on devices other than the CPU.
  Attraction(const Affinities& affinities, const torch::Device& device, bool by_tensors = false);
  ~Attraction();
  Attraction(const Attraction&) = delete;
  Attraction& operator=(const Attraction&) = delete;
  /// @param pool used on the CPU; the result is the same, bit by bit, for any number of threads. @returns f32
  /// [N,2].
  torch::Tensor force(core::ThreadPool& pool, const torch::Tensor& map);
  /// @param normaliser Z of the map.
  /// @returns KL(exaggeration P || Q) in nats, as scikit-learn reports it.
  double divergence(core::ThreadPool& pool, const torch::Tensor& map, double normaliser, double exaggeration);

 private:
  struct Ordered;
  torch::Tensor in_order(core::ThreadPool& pool, const torch::Tensor& map);

  const Affinities& affinities_;
  bool by_tensors_;
  std::unique_ptr<Ordered> ordered_;
  torch::Tensor rows_, columns_, values_;  // i64, i64, f32 [entries], on devices other than the CPU
};

}  // namespace svhn::interpret
