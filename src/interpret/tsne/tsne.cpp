#include "interpret/tsne/tsne.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <limits>
#include <string>

#include "core/clock.h"
#include "core/error.h"
#include "core/random.h"
#include "interpret/tsne/descent.h"
#include "interpret/tsne/forces.h"
#include "interpret/tsne/pca.h"
#include "interpret/tsne/points.h"
#include "interpret/tsne/vector.h"

namespace svhn::interpret {
namespace {

using core::Error;
using core::ExitCode;
using torch::Tensor;

constexpr double kStartDeviation = 1e-4;
constexpr std::int64_t kLookEvery = 50;
constexpr std::int64_t kPatience = 300;  // steps without progress; in the first stage as long as that is
constexpr double kLeastGradient = 1e-7;

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

/// Normal deviates of kStartDeviation for one coordinate; each point's depends on its row alone.
Tensor random_axis(std::int64_t points, std::uint64_t seed, std::uint64_t axis) {
  Tensor out = at::empty({points}, at::kFloat);
  for (std::int64_t i = 0; i < points; ++i) {
    core::CounterRandom random(seed, core::stream_id("tsne") + axis, static_cast<std::uint64_t>(i));
    data_of<float>(out)[i] = static_cast<float>(kStartDeviation * random.normal());
  }
  return out;
}

/// Where the points lie on one line, the second coordinate is random.
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

/// The two stages of gradient descent with momentum and a gain for each coordinate.
/// scikit-learn 1.2, sklearn/manifold/_t_sne.py: _gradient_descent, of which this keeps the rules.
class Descent {
 public:
  Descent(TsneObjective& objective, const TsneOptions& options, double learning_rate, Tensor map)
      : objective_(objective), options_(options), learning_rate_(learning_rate), map_(std::move(map)) {}

  /// Steps until `end` or until nothing improves. Each stage starts without momentum.
  void run(std::int64_t end, std::int64_t patience, bool exploring) {
    update_ = at::zeros_like(map_);
    gains_ = at::ones_like(map_);
    double best = std::numeric_limits<double>::max();
    std::int64_t best_at = done_;
    for (; done_ < end;) {
      stop_if_asked(options_.stop_signal, "t-SNE stopped after " + std::to_string(done_) + " steps");
      const double norm = step(exploring, (done_ + 1) % kLookEvery == 0);
      ++done_;
      tell(exploring);
      if (done_ % kLookEvery != 0) continue;
      if (divergence_ < best) {
        best = divergence_;
        best_at = done_;
      } else if (done_ - best_at > patience) {
        return;
      }
      if (norm <= kLeastGradient) return;
    }
  }

  void tell(bool exploring) const {
    if (options_.progress) options_.progress({done_, options_.iterations, divergence_, exploring});
  }

  [[nodiscard]] const Tensor& map() const { return map_; }
  [[nodiscard]] std::int64_t done() const { return done_; }

 private:
  /// @returns the norm of the gradient times the gains where `look`, which also takes the divergence.
  double step(bool exploring, bool look) {
    const double exaggeration = exploring ? options_.early_exaggeration : 1.0;
    Tensor gradient = objective_.gradient(map_, exaggeration);
    if (look) divergence_ = objective_.divergence(map_, exaggeration);
    const DescentRule rule{exploring ? 0.5 : 0.8, learning_rate_};
    rule.step(gradient, update_, gains_, map_);
    return look ? gradient.to(at::kDouble).norm().item<double>() : 0.0;
  }

  TsneObjective& objective_;
  const TsneOptions& options_;
  double learning_rate_;
  Tensor map_, update_, gains_;
  std::int64_t done_ = 0;
  double divergence_ = 0.0;
};

void descend(const Affinities& affinities, Tensor start, const TsneOptions& options, TsneResult& result) {
  TsneObjective objective(affinities, options.method, options.device);
  Descent descent(objective, options, result.learning_rate, std::move(start));
  descent.tell(true);
  const auto exploration = std::min(options.exploration, options.iterations);
  descent.run(exploration, exploration, true);
  descent.run(options.iterations, kPatience, false);
  objective.gradient(descent.map(), 1.0);  // for the normaliser of the final map
  result.kl_divergence = objective.divergence(descent.map(), 1.0);
  result.iterations = descent.done();
  result.map = descent.map().to(at::kCPU).contiguous();
}

}  // namespace

TsneResult tsne(const Tensor& points, const TsneOptions& options) {
  const torch::NoGradGuard no_grad;
  const auto since = [](core::Clock::time_point start) { return core::seconds_since(start); };
  const auto begin = core::Clock::now();
  check_points(points, "points");
  if (points.size(0) < 4) throw Error(ExitCode::data, "t-SNE needs at least 4 points");
  check_options(options, points.size(0));
  TsneResult result;
  result.input_features = points.size(1);
  const Tensor moved = points.to(options.device);
  const Tensor reduced = Reduction(moved, options.pca_features, options.seed).apply(moved);
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

}  // namespace svhn::interpret
