#pragma once
/// t-SNE in two dimensions in linear time, and the transform of new points onto an existing map. N = points,
/// M = new points, D = their features.
/// @see van der Maaten and Hinton, "Visualizing Data using t-SNE", JMLR 9, 2008; Linderman et al., "Fast
/// interpolation-based t-SNE for improved visualization of single-cell RNA-seq data", Nature Methods 16, 2019
/// (the repulsive forces); scikit-learn 1.2, sklearn.manifold.TSNE (schedule, defaults, stopping).

#include <torch/types.h>

#include <cstdint>
#include <functional>

namespace svhn::interpret {

enum class TsneMethod {
  fft,    ///< 3 * perplexity neighbours attract; repulsion by interpolation on a grid. Time and memory O(N).
  exact,  ///< All pairs attract and repel: O(N^2) in time and memory, at most `kMaxExactPoints` points.
};

/// Smallest N of any method.
inline constexpr std::int64_t kFewestTsnePoints = 4;
/// Largest N of `TsneMethod::exact`: a pair takes up to 28 bytes, 0.7 GB in all.
inline constexpr std::int64_t kMaxExactPoints = 5'000;
/// Largest N of any method (indices have 32 bits, and the neighbour search compares all pairs).
inline constexpr std::int64_t kMaxTsnePoints = 2'000'000;

/// The initial map.
enum class TsneStart {
  pca,     ///< The first two principal components, the first scaled to a standard deviation of 1e-4.
  random,  ///< Normal deviates with a standard deviation of 1e-4, from the seed.
};

struct TsneProgress {
  std::int64_t iteration = 0;   ///< Steps done; 0 after the neighbour search.
  std::int64_t iterations = 0;  ///< Steps in all.
  double kl_divergence = 0.0;   ///< Computed every 50 steps, with exaggerated P in the first stage; 0 before.
  bool early_exaggeration = true;  ///< Whether this is the first stage.
};

struct TsneOptions {
  double perplexity = 30.0;  ///< Effective number of neighbours, at least 1 and below N.
  std::uint64_t seed = 1;    ///< The same seed, points and thread count give the same map, bit by bit.
  TsneMethod method = TsneMethod::fft;  ///< How forces are summed.
  TsneStart start = TsneStart::pca;     ///< The initial map.
  std::int64_t iterations = 1000;       ///< Steps of both stages together.
  std::int64_t exploration = 250;    ///< Steps of the first stage: exaggeration, momentum 0.5 instead of 0.8.
  double early_exaggeration = 12.0;  ///< Factor on P in the first stage, at least 1.
  double learning_rate = 0.0;        ///< 0: scikit-learn's auto, max(N / early_exaggeration / 4, 50).
  std::int64_t pca_features = 50;    ///< Points with more features are reduced to these by PCA; 0: no PCA.
  torch::Device device = torch::kCPU;                      ///< Device of neighbour search and forces.
  std::function<void(const TsneProgress&)> progress = {};  ///< Called before the first and after every step.
  std::function<int()> stop_signal = {};  ///< Called before every step; a result other than 0 stops.
};

struct TsneResult {
  torch::Tensor map;            ///< f32 [N,2] on the CPU.
  double kl_divergence = 0.0;   ///< Of `map`, without exaggeration, in nats: scikit-learn's kl_divergence_.
  std::int64_t iterations = 0;  ///< Steps done: fewer than asked for where the divergence stopped improving.
  double learning_rate = 0.0;   ///< The one used.
  std::int64_t neighbours = 0;  ///< Of each point, before P was made symmetric.
  std::int64_t features = 0;    ///< After the reduction.
  std::int64_t input_features = 0;  ///< D; PCA was used where this is more than `features`.
  double neighbour_seconds = 0.0;   ///< Time of reduction, neighbour search and P.
  double seconds = 0.0;             ///< Total time.
};

/// Computes a t-SNE map.
/// @param points f32 [N,D], finite, N >= 4, D >= 1, on any device.
/// @throws core::Error(data) for fewer than 4 points, for points that are not finite or that all coincide;
/// core::Error(usage) for options out of range: a perplexity of N or more, more points than the method takes;
/// core::Error(numeric) when the map diverges; core::Interrupted when `stop_signal` returns a signal.
TsneResult tsne(const torch::Tensor& points, const TsneOptions& options = {});

/// @returns `wanted`, or what a few points allow: a third of the others, at least 1, so that each point has
/// its 3 * perplexity neighbours.
/// @see openTSNE 1.0, PerplexityBasedNN.check_perplexity: it falls to the same third, but only where there
/// are fewer others than `wanted`, so that 31 points keep a perplexity of 30.
double fitting_perplexity(double wanted, std::int64_t points);

struct TransformOptions {
  double perplexity =
      5.0;  ///< Effective number of neighbours of a new point in the reference, smaller than for a map.
  TsneMethod method = TsneMethod::fft;    ///< How repulsion is summed; exact is O(M N) for each step.
  std::int64_t iterations = 250;          ///< Steps.
  double exaggeration = 1.5;              ///< Factor on P.
  double learning_rate = 0.1;             ///< In the map's units.
  std::int64_t pca_features = 50;         ///< As in TsneOptions; fitted on the reference.
  std::uint64_t seed = 1;                 ///< Of the PCA.
  std::function<int()> stop_signal = {};  ///< As in TsneOptions.
};

struct TransformResult {
  torch::Tensor map;           ///< f32 [M,2] on the CPU.
  double kl_divergence = 0.0;  ///< Mean over the new points of KL(p_i || q_i) against the reference.
  double start_kl_divergence =
      0.0;  ///< Before the first step, with each point at the weighted mean of its neighbours.
};

/// Transforms new points onto an existing map, which does not change. New points interact with the points of
/// the map only, so that a point's position does not depend on the other new points.
/// @param points f32 [M,D], finite, M >= 1.
/// @param reference f32 [N,D], the points of the map.
/// @param reference_map f32 [N,2].
/// @throws core::Error(data) for shapes that do not fit or values that are not finite, core::Error(usage) for
/// options out of range, core::Interrupted when `stop_signal` returns a signal.
/// @see Policar, Strazar and Zupan, "Embedding to reference t-SNE space addresses batch effects in
/// single-cell classification", Machine Learning 112, 2023, section 2 (start, fixed map, few neighbours).
TransformResult transform(const torch::Tensor& points, const torch::Tensor& reference,
                          const torch::Tensor& reference_map, const TransformOptions& options = {});

}  // namespace svhn::interpret
