#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>

#include "core/error.h"
#include "interpret/tsne/affinities.h"
#include "interpret/tsne/forces.h"
#include "interpret/tsne/points.h"
#include "interpret/tsne/tsne.h"

namespace svhn::interpret {
namespace {

using core::Error;
using core::ExitCode;
using torch::Tensor;

constexpr double kMomentum = 0.8;
constexpr double kLeastTransformGain = 0.01;
constexpr double kLongestGradient = 0.25;  // keeps a point far from its neighbours from being thrown across

void check_transform_options(const TransformOptions& options, std::int64_t reference) {
  const auto require = [](bool holds, const char* what) {
    if (!holds) throw Error(ExitCode::usage, std::string("placing on a map: ") + what);
  };
  require(options.perplexity >= 1.0 && options.perplexity < static_cast<double>(reference),
          "the perplexity must be at least 1 and less than the number of points of the map");
  require(options.iterations >= 0 && options.iterations <= 1'000'000, "iterations must be 0 to 1000000");
  require(options.exaggeration >= 1.0 && options.exaggeration <= 1e3, "exaggeration must be 1 to 1000");
  require(options.learning_rate > 0.0 && std::isfinite(options.learning_rate),
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

/// Each new point's divergence from the map, and its gradient.
class Placement {
 public:
  Placement(const Neighbours& neighbours, const Tensor& conditional, const Tensor& reference_map,
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
    const Tensor away = map.unsqueeze(1) - neighbours_;
    const Tensor pull = probabilities_ / (away.square().sum(2) + 1.0);
    const Tensor fields = fields_at(map);
    const Tensor repulsion = fields.slice(1, 1, 3) / fields.slice(1, 0, 1);
    return ((away * pull.unsqueeze(2)).sum(1) * exaggeration - repulsion) * 2.0;
  }

  /// @returns the mean over the new points.
  [[nodiscard]] double divergence(const Tensor& map) const {
    const Tensor squared = (map.unsqueeze(1) - neighbours_).square().sum(2);
    const Tensor own = at::xlogy(probabilities_, probabilities_) + probabilities_ * squared.log1p();
    return (own.sum(1, /*keepdim=*/false, at::kDouble) + fields_at(map).select(1, 0).to(at::kDouble).log())
        .mean()
        .item<double>();
  }

 private:
  /// Interpolation may fall below 0 far from all points, where the true field is small.
  [[nodiscard]] Tensor fields_at(const Tensor& map) const {
    Tensor fields = method_ == TsneMethod::fft ? grid_.read(map) : exact_fields(reference_map_, map);
    fields.select(1, 0).clamp_min_(1e-6);
    return fields;
  }

  Tensor probabilities_, neighbours_, reference_map_;
  TsneMethod method_;
  FieldGrid grid_;
};

Tensor optimise(const Placement& placement, const TransformOptions& options, Tensor map) {
  Tensor update = at::zeros_like(map), gains = at::ones_like(map);
  for (std::int64_t i = 0; i < options.iterations; ++i) {
    stop_if_asked(options.stop_signal, "stopped while new points were placed on a map");
    Tensor gradient = placement.gradient(map, options.exaggeration);
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
  const Placement placement(neighbours, conditional, reference_map.to(at::kCPU).contiguous(), options.method);
  TransformResult result;
  const Tensor start = placement.start();
  result.start_kl_divergence = placement.divergence(start);
  result.map = optimise(placement, options, start);
  result.kl_divergence = placement.divergence(result.map);
  return result;
}

}  // namespace svhn::interpret
