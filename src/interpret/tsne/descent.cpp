#include "interpret/tsne/descent.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <utility>

#include "core/error.h"
#include "core/signals.h"
#include "interpret/tsne/forces.h"
#include "interpret/tsne/repulsion.h"
#include "interpret/tsne/vector.h"

namespace svhn::interpret {
namespace {

using torch::Tensor;

constexpr float kGrowth = 0.2F;
constexpr float kShrinkage = 0.8F;
constexpr float kLeastGain = 0.01F;
constexpr std::int64_t kCheckEvery = 50;
constexpr std::int64_t kPatience =
    300;  // steps without progress in the second stage; the first stage waits for its own length
constexpr double kLeastGradient = 1e-7;

struct Values {
  float *gradient, *update, *gain, *position;
};

SVHN_VECTOR_CLONES
void step_values(const Values& values, std::int64_t count, float momentum, float learning_rate) {
  float *gradients = values.gradient, *updates = values.update, *gains = values.gain,
        *positions = values.position;
#pragma GCC ivdep
  for (std::int64_t i = 0; i < count; ++i) {
    const float gain = updates[i] * gradients[i] < 0.0F ? gains[i] + kGrowth : gains[i] * kShrinkage;
    gains[i] = gain > kLeastGain ? gain : kLeastGain;
    gradients[i] *= gains[i];
    updates[i] = updates[i] * momentum - gradients[i] * learning_rate;
    positions[i] += updates[i];
  }
}

/// The state of the descent over both stages, with the rules of scikit-learn's _gradient_descent.
class Descent {
 public:
  Descent(TsneObjective& objective, const TsneOptions& options, double learning_rate, Tensor map)
      : objective_(objective), options_(options), learning_rate_(learning_rate), map_(std::move(map)) {}

  /// Runs one stage: steps until `end` or until the divergence no longer improves. A stage starts without
  /// momentum.
  void run(std::int64_t end, std::int64_t patience, bool exploring) {
    update_ = at::zeros_like(map_);
    gains_ = at::ones_like(map_);
    double best = std::numeric_limits<double>::max();
    std::int64_t best_at = done_;
    for (; done_ < end;) {
      stop_if_asked(options_.stop_signal, "t-SNE stopped after " + std::to_string(done_) + " steps");
      const double norm = step(exploring, (done_ + 1) % kCheckEvery == 0);
      ++done_;
      report(exploring);
      if (done_ % kCheckEvery != 0) continue;
      if (divergence_ < best) {
        best = divergence_;
        best_at = done_;
      } else if (done_ - best_at > patience) {
        return;
      }
      if (norm <= kLeastGradient) return;
    }
  }

  void report(bool exploring) const {
    if (options_.progress) options_.progress({done_, options_.iterations, divergence_, exploring});
  }

  [[nodiscard]] const Tensor& map() const { return map_; }
  [[nodiscard]] std::int64_t done() const { return done_; }

 private:
  /// @param check compute the divergence, too. @returns with `check` the norm of the gradient times the
  /// gains, otherwise 0.
  double step(bool exploring, bool check) {
    const double exaggeration = exploring ? options_.early_exaggeration : 1.0;
    Tensor gradient = objective_.gradient(map_, exaggeration);
    if (check) divergence_ = objective_.divergence(map_, exaggeration);
    const DescentRule rule{exploring ? 0.5 : 0.8, learning_rate_};
    rule.step(gradient, update_, gains_, map_);
    return check ? gradient.to(at::kDouble).norm().item<double>() : 0.0;
  }

  TsneObjective& objective_;
  const TsneOptions& options_;
  double learning_rate_;
  Tensor map_, update_, gains_;
  std::int64_t done_ = 0;
  double divergence_ = 0.0;
};

}  // namespace

void DescentRule::step(Tensor& gradient, Tensor& update, Tensor& gains, Tensor& map, bool by_tensors) const {
  if (!by_tensors && map.device().is_cpu()) {
    step_values(
        {data_of<float>(gradient), data_of<float>(update), data_of<float>(gains), data_of<float>(map)},
        map.numel(), static_cast<float>(momentum), static_cast<float>(learning_rate));
    return;
  }
  const Tensor grows = at::mul(update, gradient) < 0;
  gains = at::where(grows, gains + kGrowth, gains * kShrinkage).clamp_min_(kLeastGain);
  gradient.mul_(gains);
  update.mul_(momentum).sub_(gradient, learning_rate);
  map.add_(update);
}

void stop_if_asked(const std::function<int()>& signal, const std::string& message) {
  if (!signal) return;
  if (const int number = signal(); number != 0) throw core::Interrupted(number, message);
}

struct TsneObjective::Impl {
  Attraction attraction;
  TsneMethod method;
  bool on_cpu;
  FieldGrid grid{/*by_tensors=*/true};
  MapRepulsion pairs{};
  core::ThreadPool pool{at::get_num_threads()};
  double normaliser = 1.0;

  Repulsion repulsion(const Tensor& map) {
    if (method == TsneMethod::exact) return exact_repulsion(map);
    return on_cpu ? pairs(pool, map) : grid_repulsion(grid, map);
  }
};

TsneObjective::TsneObjective(const Affinities& affinities, TsneMethod method, const torch::Device& device)
    : impl_(new Impl{{affinities, device}, method, device.is_cpu()}) {}

TsneObjective::~TsneObjective() = default;

Tensor TsneObjective::gradient(const Tensor& map, double exaggeration) {
  const Repulsion repulsion = impl_->repulsion(map);
  impl_->normaliser = repulsion.normaliser;
  if (!std::isfinite(repulsion.normaliser) || repulsion.normaliser <= 0.0) {
    throw core::Error(core::ExitCode::numeric, "the t-SNE map diverged", "choose a smaller learning rate");
  }
  return impl_->attraction.force(impl_->pool, map)
      .mul_(4.0 * exaggeration)
      .sub_(repulsion.force, 4.0 / repulsion.normaliser);
}

double TsneObjective::divergence(const Tensor& map, double exaggeration) const {
  return impl_->attraction.divergence(impl_->pool, map, impl_->normaliser, exaggeration);
}

void descend(const Affinities& affinities, Tensor start, const TsneOptions& options, TsneResult& result) {
  TsneObjective objective(affinities, options.method, options.device);
  Descent descent(objective, options, result.learning_rate, std::move(start));
  descent.report(true);
  const auto exploration = std::min(options.exploration, options.iterations);
  descent.run(exploration, exploration, true);
  descent.run(options.iterations, kPatience, false);
  objective.gradient(descent.map(), 1.0);  // for the normaliser of the final map
  result.kl_divergence = objective.divergence(descent.map(), 1.0);
  result.iterations = descent.done();
  result.map = descent.map().to(at::kCPU).contiguous();
}

}  // namespace svhn::interpret
