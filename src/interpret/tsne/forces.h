#pragma once
/// The two forces of t-SNE and the divergence. N = points; a map is f32 [N,2]; w_ij = 1 / (1 + |y_i -
/// y_j|^2); Z = sum of w_ij over i != j.
/// @see van der Maaten, "Accelerating t-SNE using tree-based algorithms", JMLR 15, 2014, equation 8 (the
/// split of the gradient).

#include <torch/types.h>

#include <memory>

#include "interpret/tsne/affinities.h"
#include "interpret/tsne/grid.h"
#include "interpret/tsne/tsne.h"

namespace svhn::interpret {

class ThreadPool;

/// The fields of points by all pairs, O(N M): the measure of FieldGrid's interpolation.
/// @param sources f32 [N,2] contiguous. @param points f32 [M,2] contiguous.
/// @param by_tensors sums in tensor operations and float32, as on devices other than the processor; there the
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
/// @returns the repulsion through a grid, which keeps its kernels for the next call.
Repulsion grid_repulsion(FieldGrid& grid, const torch::Tensor& map);

/// Sum over j of p_ij w_ij (y_i - y_j), and the divergence.
class Attraction {
 public:
  /// @param device where maps will be; the affinities are copied there. Otherwise borrows `affinities`.
  /// @param by_tensors computes in tensor operations alone, as on devices other than the processor.
  Attraction(const Affinities& affinities, const torch::Device& device, bool by_tensors = false);
  ~Attraction();
  Attraction(const Attraction&) = delete;
  Attraction& operator=(const Attraction&) = delete;
  /// @param pool on the processor; the same bytes for any. @returns f32 [N,2].
  torch::Tensor force(ThreadPool& pool, const torch::Tensor& map);
  /// @returns KL(exaggeration P || Q) in nats as scikit-learn tells it, where Z is `normaliser`.
  double divergence(ThreadPool& pool, const torch::Tensor& map, double normaliser, double exaggeration);

 private:
  struct Ordered;
  torch::Tensor in_order(ThreadPool& pool, const torch::Tensor& map);

  const Affinities& affinities_;
  bool by_tensors_;
  std::unique_ptr<Ordered> ordered_;
  torch::Tensor rows_, columns_, values_;  // i64, i64, f32 [entries], on devices other than the processor
};

/// What the descent needs: the gradient and the divergence.
class TsneObjective {
 public:
  TsneObjective(const Affinities& affinities, TsneMethod method, const torch::Device& device);
  ~TsneObjective();
  TsneObjective(const TsneObjective&) = delete;
  TsneObjective& operator=(const TsneObjective&) = delete;

  /// @returns f32 [N,2], 4 (exaggeration * attraction - repulsion / Z): scikit-learn's scale.
  /// @throws core::Error(numeric) when the map is not finite.
  torch::Tensor gradient(const torch::Tensor& map, double exaggeration);
  /// @returns the divergence of the map of the last gradient.
  [[nodiscard]] double divergence(const torch::Tensor& map, double exaggeration) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace svhn::interpret
