#include "interpret/tsne/tsne.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <string>

#include "core/clock.h"
#include "core/error.h"
#include "core/random.h"
#include "interpret/tsne/affinities.h"
#include "interpret/tsne/descent.h"
#include "interpret/tsne/forces.h"
#include "interpret/tsne/pca.h"
#include "interpret/tsne/vector.h"

namespace svhn::interpret {
namespace {

using core::Error;
using core::ExitCode;
using torch::Tensor;

constexpr double kStartDeviation = 1e-4;

// Of the transform.
constexpr double kMomentum = 0.8;
constexpr double kLeastTransformGain = 0.01;
constexpr double kLongestGradient = 0.25;  // clipping, for points far from their neighbours

/// @throws core::Error(data) unless `points` is f32 of two dimensions, not empty and finite.
void check_points(const Tensor& points, const std::string& name) {
  if (points.dim() != 2 || points.size(0) < 1 || points.size(1) < 1) {
    throw Error(ExitCode::data, "t-SNE: the " + name + " are no table of rows and columns");
  }
  if (points.scalar_type() != at::kFloat)
    throw Error(ExitCode::data, "t-SNE: the " + name + " are not float32");
  const Tensor finite = at::isfinite(points).all(1);
  if (finite.all().item<bool>()) return;
  const auto row = finite.to(at::kInt).argmin().item<std::int64_t>();
  throw Error(ExitCode::data, "t-SNE: row " + std::to_string(row) + " of the " + name + " is not finite");
}

void require(bool holds, const std::string& what) {
  if (!holds) throw Error(ExitCode::usage, "t-SNE: " + what);
}

void check_options(const TsneOptions& options, std::int64_t points) {
  const auto most = options.method == TsneMethod::exact ? kMaxExactPoints : kMaxTsnePoints;
  if (points > most) {
    throw Error(ExitCode::usage,
                "t-SNE: " + std::to_string(points) + " points, the method takes " + std::to_string(most),
                options.method == TsneMethod::exact ? "use the method fft" : "take a part of the points");
  }
  if (!(options.perplexity >= 1.0 && options.perplexity < static_cast<double>(points))) {
    throw Error(ExitCode::usage,
                "t-SNE: the perplexity must be at least 1 and less than the number of points, " +
                    std::to_string(points),
                "take more points or a smaller perplexity");
  }
  require(options.iterations >= 1 && options.iterations <= 1'000'000, "iterations must be 1 to 1000000");
  require(options.exploration >= 0, "exploration must not be negative");
  require(options.early_exaggeration >= 1.0 && options.early_exaggeration <= 1e3,
          "early_exaggeration must be 1 to 1000");
  require(options.learning_rate >= 0.0 && std::isfinite(options.learning_rate),
          "learning_rate must be 0 (automatic) or positive");
  require(options.pca_features == 0 || options.pca_features >= 2, "pca_features must be 0 or at least 2");
}

/// @returns normal deviates with the standard deviation kStartDeviation for one coordinate; each depends only
/// on seed and row.
Tensor random_axis(std::int64_t points, std::uint64_t seed, std::uint64_t axis) {
  Tensor out = at::empty({points}, at::kFloat);
  for (std::int64_t i = 0; i < points; ++i) {
    core::CounterRandom random(seed, core::stream_id("tsne") + axis, static_cast<std::uint64_t>(i));
    data_of<float>(out)[i] = static_cast<float>(kStartDeviation * random.normal());
  }
  return out;
}

/// @returns the initial map. Where the points lie on a line, the second coordinate is random.
Tensor first_map(const Tensor& points, const TsneOptions& options) {
  const auto count = points.size(0);
  Tensor map = at::stack({random_axis(count, options.seed, 0), random_axis(count, options.seed, 1)}, 1);
  if (options.start == TsneStart::random) return map;
  const Pca pca = fit_pca(points, 2, options.seed);
  const Tensor scores = project(pca, points).to(at::kCPU, at::kDouble);
  const Tensor scaled = scores / scores.select(1, 0).std(/*unbiased=*/false) * kStartDeviation;
  const Tensor variances = pca.variances.to(at::kCPU);
  for (std::int64_t axis = 0; axis < scores.size(1); ++axis) {
    if (variances[axis].item<double>() <= 1e-12 * variances[0].item<double>()) continue;
    map.select(1, axis).copy_(scaled.select(1, axis));
  }
  return map;
}

Affinities find_affinities(const Tensor& points, const TsneOptions& options, TsneResult& result) {
  const auto others = points.size(0) - 1;
  const auto wanted =
      static_cast<std::int64_t>(std::min(3.0 * options.perplexity + 1.0, static_cast<double>(others)));
  NeighbourOptions search;
  search.count = options.method == TsneMethod::exact ? others : wanted;
  search.skip_self = true;
  search.between = [&options] {
    stop_if_asked(options.stop_signal, "t-SNE stopped while it looked for neighbours");
  };
  const Neighbours neighbours = nearest_neighbours(points, points, search);
  result.neighbours = search.count;
  return joint_affinities(neighbours, conditional_probabilities(neighbours.distances, options.perplexity));
}

void check_transform_options(const TransformOptions& options, std::int64_t reference) {
  const auto check = [](bool holds, const char* what) {
    if (!holds) throw Error(ExitCode::usage, std::string("placing on a map: ") + what);
  };
  check(options.perplexity >= 1.0 && options.perplexity < static_cast<double>(reference),
        "the perplexity must be at least 1 and less than the number of points of the map");
  check(options.iterations >= 0 && options.iterations <= 1'000'000, "iterations must be 0 to 1000000");
  check(options.exaggeration >= 1.0 && options.exaggeration <= 1e3, "exaggeration must be 1 to 1000");
  check(options.learning_rate > 0.0 && std::isfinite(options.learning_rate),
        "learning_rate must be positive");
}

void check_shapes(const Tensor& points, const Tensor& reference, const Tensor& reference_map) {
  check_points(points, "new points");
  check_points(reference, "points of the map");
  check_points(reference_map, "map");
  if (points.size(1) != reference.size(1)) {
    throw Error(ExitCode::data,
                "the new points have " + std::to_string(points.size(1)) + " features, those of the map " +
                    std::to_string(reference.size(1)),
                "take the embeddings of the same model and layer");
  }
  if (reference_map.size(1) != 2 || reference_map.size(0) != reference.size(0)) {
    throw Error(ExitCode::data, "the map has " + std::to_string(reference_map.size(0)) + " rows of " +
                                    std::to_string(reference_map.size(1)) + ", its points are " +
                                    std::to_string(reference.size(0)));
  }
}

/// The KL divergence of new points from a fixed map, and its gradient.
class TransformObjective {
 public:
  TransformObjective(const Neighbours& neighbours, const Tensor& conditional, const Tensor& reference_map,
                     TsneMethod method)
      : probabilities_(conditional),
        neighbours_(reference_map.index_select(0, neighbours.indices.flatten())
                        .view({conditional.size(0), conditional.size(1), 2})),
        reference_map_(reference_map),
        method_(method) {
    if (method == TsneMethod::fft) grid_.build(reference_map);
  }

  [[nodiscard]] Tensor start() const { return (neighbours_ * probabilities_.unsqueeze(2)).sum(1); }

  [[nodiscard]] Tensor gradient(const Tensor& map, double exaggeration) const {
    const Tensor difference = map.unsqueeze(1) - neighbours_;
    const Tensor pull = probabilities_ / (difference.square().sum(2) + 1.0);
    const Tensor fields = fields_at(map);
    const Tensor repulsion = fields.slice(1, 1, 3) / fields.slice(1, 0, 1);
    return ((difference * pull.unsqueeze(2)).sum(1) * exaggeration - repulsion) * 2.0;
  }

  /// @returns the mean KL divergence over the new points.
  [[nodiscard]] double divergence(const Tensor& map) const {
    const Tensor squared = (map.unsqueeze(1) - neighbours_).square().sum(2);
    const Tensor own = at::xlogy(probabilities_, probabilities_) + probabilities_ * squared.log1p();
    return (own.sum(1, /*keepdim=*/false, at::kDouble) + fields_at(map).select(1, 0).to(at::kDouble).log())
        .mean()
        .item<double>();
  }

 private:
  /// @returns the fields. Far from all points, where they are small, interpolation may be below 0.
  [[nodiscard]] Tensor fields_at(const Tensor& map) const {
    Tensor fields = method_ == TsneMethod::fft ? grid_.read(map) : exact_fields(reference_map_, map);
    fields.select(1, 0).clamp_min_(1e-6);
    return fields;
  }

  Tensor probabilities_, neighbours_, reference_map_;
  TsneMethod method_;
  FieldGrid grid_;
};

Tensor optimise(const TransformObjective& objective, const TransformOptions& options, Tensor map) {
  Tensor update = at::zeros_like(map), gains = at::ones_like(map);
  for (std::int64_t i = 0; i < options.iterations; ++i) {
    stop_if_asked(options.stop_signal, "stopped while new points were placed on a map");
    Tensor gradient = objective.gradient(map, options.exaggeration);
    const Tensor length = gradient.square().sum(1, /*keepdim=*/true).sqrt();
    gradient = gradient * (kLongestGradient / length.clamp_min(kLongestGradient));
    gains =
        at::where(at::mul(update, gradient) < 0, gains + 0.2, gains * 0.8).clamp_min_(kLeastTransformGain);
    update.mul_(kMomentum).sub_(gradient.mul_(gains), options.learning_rate);
    map.add_(update);
  }
  return map;
}

}  // namespace

double fitting_perplexity(double wanted, std::int64_t points) {
  return std::min(wanted, std::max(1.0, static_cast<double>(points - 1) / 3.0));
}

TsneResult tsne(const Tensor& points, const TsneOptions& options) {
  const torch::NoGradGuard no_grad;
  const auto since = [](core::Clock::time_point start) { return core::seconds_since(start); };
  const auto begin = core::Clock::now();
  check_points(points, "points");
  if (points.size(0) < kFewestTsnePoints) {
    throw Error(ExitCode::data, "t-SNE needs at least " + std::to_string(kFewestTsnePoints) + " points");
  }
  check_options(options, points.size(0));
  TsneResult result;
  result.input_features = points.size(1);
  const Tensor input = points.to(options.device);
  const Tensor reduced = Reduction(input, options.pca_features, options.seed).apply(input);
  result.features = reduced.size(1);
  const auto count = static_cast<double>(points.size(0));
  result.learning_rate = options.learning_rate > 0.0
                             ? options.learning_rate
                             : std::max(count / options.early_exaggeration / 4.0, 50.0);
  const Affinities affinities = find_affinities(reduced, options, result);
  result.neighbour_seconds = since(begin);
  descend(affinities, first_map(reduced, options).to(options.device), options, result);
  result.seconds = since(begin);
  return result;
}

TransformResult transform(const Tensor& points, const Tensor& reference, const Tensor& reference_map,
                          const TransformOptions& options) {
  const torch::NoGradGuard no_grad;
  check_shapes(points, reference, reference_map);
  check_transform_options(options, reference.size(0));
  const Reduction reduction(reference.to(at::kCPU), options.pca_features, options.seed);
  NeighbourOptions search;
  search.count = std::min(static_cast<std::int64_t>(3.0 * options.perplexity + 1.0), reference.size(0));
  search.between = [&options] {
    stop_if_asked(options.stop_signal, "stopped while it looked for neighbours");
  };
  const Neighbours neighbours = nearest_neighbours(reduction.apply(points.to(at::kCPU)),
                                                   reduction.apply(reference.to(at::kCPU)), search);
  const Tensor conditional = conditional_probabilities(neighbours.distances, options.perplexity);
  const TransformObjective objective(neighbours, conditional, reference_map.to(at::kCPU).contiguous(),
                                     options.method);
  TransformResult result;
  const Tensor start = objective.start();
  result.start_kl_divergence = objective.divergence(start);
  result.map = optimise(objective, options, start);
  result.kl_divergence = objective.divergence(result.map);
  return result;
}

}  // namespace svhn::interpret
