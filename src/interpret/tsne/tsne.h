#pragma once
/// t-SNE in two dimensions with a cost that grows linearly with the number of points, and the placing of new
/// points on a finished map. N = points, M = new points, D = their features.
/// @see van der Maaten and Hinton, "Visualizing Data using t-SNE", JMLR 9, 2008; Linderman et al., "Fast
/// interpolation-based t-SNE for improved visualization of single-cell RNA-seq data", Nature Methods 16,
/// 2019 (the repulsive forces); scikit-learn 1.2, sklearn.manifold.TSNE (schedule, defaults, stopping).

#include <torch/types.h>

#include <cstdint>
#include <functional>

namespace svhn::interpret {

enum class TsneMethod {
  fft,    ///< 3 * perplexity neighbours attract; repulsion through a grid. Time and memory O(N).
  exact,  ///< Every pair attracts and repels: O(N^2) in time and memory, at most `kMaxExactPoints` points.
};

/// Largest N of `TsneMethod::exact`: a pair takes up to 28 bytes, 0.7 GB in all.
inline constexpr std::int64_t kMaxExactPoints = 5'000;
/// Largest N at all (indices are 32 bits wide and the neighbours' search compares all pairs).
inline constexpr std::int64_t kMaxTsnePoints = 2'000'000;

enum class TsneStart {
  pca,     ///< The first two principal components, the first scaled to a deviation of 1e-4.
  random,  ///< Normal deviates of 1e-4, drawn by seed.
};

struct TsneProgress {
  std::int64_t iteration = 0;   ///< Steps done; 0 once the neighbours are found.
  std::int64_t iterations = 0;  ///< Steps in all.
  double kl_divergence = 0.0;   ///< Of the latest look, taken every 50 steps; 0 before the first.
  bool early_exaggeration =
      true;  ///< Whether the first stage is on; its divergence is that of exaggerated P.
};

struct TsneOptions {
  double perplexity = 30.0;             ///< Effective number of neighbours, at least 1 and below N.
  std::uint64_t seed = 1;               ///< Same seed, points and thread count: same bytes.
  TsneMethod method = TsneMethod::fft;  ///< How repulsion is summed.
  TsneStart start = TsneStart::pca;     ///< Where the points stand at first.
  std::int64_t iterations = 1000;       ///< Both stages together.
  std::int64_t exploration = 250;       ///< Steps of the first stage: exaggerated, momentum 0.5, then 0.8.
  double early_exaggeration = 12.0;     ///< Factor on P during the first stage, at least 1.
  double learning_rate = 0.0;           ///< 0 is scikit-learn's auto, max(N / early_exaggeration / 4, 50).
  std::int64_t pca_features = 50;       ///< Wider points are reduced to so many first; 0 never reduces.
  torch::Device device = torch::kCPU;   ///< Where neighbours and forces are computed.
  std::function<void(const TsneProgress&)> progress = {};  ///< Called before the first and after every step.
  std::function<int()> stop_signal = {};  ///< Asked before every step; a number other than 0 stops.
};

struct TsneResult {
  torch::Tensor map;  ///< f32 [N,2] on the processor.
  double kl_divergence =
      0.0;  ///< Of `map`, in nats, as scikit-learn's kl_divergence_ (without exaggeration).
  std::int64_t iterations = 0;      ///< Steps done: fewer than asked when nothing improved any more.
  double learning_rate = 0.0;       ///< The one used.
  std::int64_t neighbours = 0;      ///< Of each point, before P was made symmetric.
  std::int64_t features = 0;        ///< After the reduction.
  std::int64_t input_features = 0;  ///< D. The points were reduced by PCA where this is more than `features`.
  double neighbour_seconds = 0.0;   ///< Reduction, neighbours and P.
  double seconds = 0.0;             ///< In all.
};

/// Lays points out in the plane so that neighbours stay neighbours.
/// @param points f32 [N,D], finite, N >= 4, D >= 1, on any device.
/// @throws core::Error(data) for fewer than 4 points, points that are not finite or that all coincide;
/// core::Error(usage) for options out of range: a perplexity of N or more, more points than the method takes;
/// core::Error(numeric) when the map diverges; core::Interrupted when `stop_signal` tells a signal.
TsneResult tsne(const torch::Tensor& points, const TsneOptions& options = {});

struct TransformOptions {
  double perplexity = 5.0;  ///< Of a new point's neighbours in the reference, fewer than of a map.
  TsneMethod method = TsneMethod::fft;    ///< How repulsion is summed; exact is O(M N) a step.
  std::int64_t iterations = 250;          ///< Steps.
  double exaggeration = 1.5;              ///< Factor on P.
  double learning_rate = 0.1;             ///< In the map's units.
  std::int64_t pca_features = 50;         ///< As in TsneOptions; fitted on the reference.
  std::uint64_t seed = 1;                 ///< Of the reduction.
  std::function<int()> stop_signal = {};  ///< As in TsneOptions.
};

struct TransformResult {
  torch::Tensor map;                 ///< f32 [M,2] on the processor.
  double kl_divergence = 0.0;        ///< Mean over the new points of KL(p_i || q_i) against the reference.
  double start_kl_divergence = 0.0;  ///< The same at the start, the weighted mean of the neighbours.
};

/// Places new points on a finished map, which does not move; they see the map's points and not each other, so
/// a point's place does not depend on which others come along.
/// @param points f32 [M,D], finite, M >= 1.
/// @param reference f32 [N,D], the points of the map.
/// @param reference_map f32 [N,2].
/// @throws core::Error(data) for shapes that do not fit or values that are not finite, core::Error(usage) for
/// options out of range, core::Interrupted.
/// @see Policar, Strazar and Zupan, "Embedding to reference t-SNE space addresses batch effects in
/// single-cell classification", Machine Learning 112, 2023, section 2 (start, fixed map, few neighbours).
TransformResult transform(const torch::Tensor& points, const torch::Tensor& reference,
                          const torch::Tensor& reference_map, const TransformOptions& options = {});

}  // namespace svhn::interpret
