#include "train/augmentation.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "core/random.h"
#include "data/augment/augment.h"

namespace svhn::train {
namespace {

/// @returns the logarithm of a Gamma(shape + 1) sample. @see Marsaglia and Tsang 2000, section 2
double log_gamma_above_one(core::CounterRandom& random, double shape) {
  const double d = shape + 1.0 - 1.0 / 3.0;
  const double c = 1.0 / std::sqrt(9.0 * d);
  while (true) {
    const double x = random.normal();
    const double root = 1.0 + c * x;
    const double u = 1.0 - random.uniform();
    if (root <= 0.0) continue;
    const double v = root * root * root;
    if (std::log(u) < 0.5 * x * x + d - d * v + d * std::log(v)) return std::log(d * v);
  }
}

/// Gamma(shape) is Gamma(shape + 1) U^(1 / shape), which underflows for a small shape; its logarithm does
/// not.
double log_gamma(core::CounterRandom& random, double shape) {
  const double above = log_gamma_above_one(random, shape);
  return above + std::log(1.0 - random.uniform()) / shape;
}

/// @returns a value from Beta(alpha, alpha).
double draw_beta(core::CounterRandom& random, double alpha) {
  const double first = log_gamma(random, alpha);
  const double second = log_gamma(random, alpha);
  return 1.0 / (1.0 + std::exp(second - first));
}

constexpr double kPixels = data::kSide * data::kSide;

/// @returns CutMix's box, clipped at the image's border.
data::Rectangle draw_box(core::CounterRandom& random, double lambda) {
  const auto side = static_cast<std::int64_t>(data::kSide * std::sqrt(1.0 - lambda));
  const auto draw = [&] {
    const auto centre = static_cast<std::int64_t>(random.below(data::kSide));
    const std::int64_t first = std::max<std::int64_t>(centre - side / 2, 0);
    return std::pair(first, std::min<std::int64_t>(centre + side / 2, data::kSide) - first);
  };
  const auto [top, height] = draw();
  const auto [left, width] = draw();
  return {top, left, height, width};
}

torch::Tensor partner_tensor(const Mixing& mixing, const torch::Tensor& like) {
  return torch::tensor(mixing.partners, torch::kInt64).to(like.device());
}

}  // namespace

Augment make_augment(const std::optional<data::AugmentOptions>& options, const data::PreprocessPlan& plan,
                     std::uint64_t seed) {
  if (!options) return {};
  return [options = *options, plan, seed](std::int64_t pass) {
    return data::augment_hook(options, plan, seed, static_cast<std::uint64_t>(pass));
  };
}

data::ImageHook epoch_hook(const Augment& augment, EpochSlice slice) {
  const std::size_t passes = (slice.rows + slice.images - 1) / slice.images;
  if (passes <= 1) return augment(slice.epoch);
  const auto first = slice.epoch * static_cast<std::int64_t>(passes);
  return [augment, first, slice = std::move(slice), next = std::size_t{0}, pass = std::size_t{0},
          hook = data::ImageHook{}](std::span<float> chw, std::int64_t row) mutable {
    const std::size_t now = slice.positions[next++] / slice.images;
    if (!hook || now != pass) hook = augment(first + static_cast<std::int64_t>(now));
    pass = now;
    hook(chw, row);
  };
}

Mixing draw_mixing(const MixingOptions& options, std::int64_t images, const MixupKey& key) {
  if (options.mixup <= 0.0 && options.cutmix <= 0.0) return {};
  const auto index = (static_cast<std::uint64_t>(key.epoch) << 32) ^ static_cast<std::uint64_t>(key.step);
  core::CounterRandom random(key.seed, core::stream_id("mixup"), index);
  const bool both = options.mixup > 0.0 && options.cutmix > 0.0;
  const bool cut = both ? random.below(2) == 1 : options.cutmix > 0.0;
  const double lambda = draw_beta(random, cut ? options.cutmix : options.mixup);
  Mixing mixing{std::max(lambda, 1.0 - lambda), core::random_permutation(images, random)};
  if (!cut) return mixing;
  mixing.box = draw_box(random, lambda);
  mixing.lambda = 1.0 - static_cast<double>(mixing.box->height * mixing.box->width) / kPixels;
  return mixing;
}

torch::Tensor mix_images(const torch::Tensor& images, const Mixing& mixing) {
  if (!mixing.box) return mix_targets(images, mixing);
  const auto inside = [&](const torch::Tensor& all) {
    return all.narrow(2, mixing.box->top, mixing.box->height).narrow(3, mixing.box->left, mixing.box->width);
  };
  const auto partners = partner_tensor(mixing, images);
  torch::Tensor mixed = images.narrow(0, 0, partners.size(0)).clone();
  inside(mixed).copy_(inside(images).index_select(0, partners));
  return mixed;
}

torch::Tensor mix_targets(const torch::Tensor& targets, const Mixing& mixing) {
  if (mixing.partners.empty()) return targets;
  const auto partners = partner_tensor(mixing, targets);
  const torch::Tensor own = targets.narrow(0, 0, partners.size(0));
  return own * mixing.lambda + targets.index_select(0, partners) * (1.0 - mixing.lambda);
}

}  // namespace svhn::train
