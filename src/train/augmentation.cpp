#include "train/augmentation.h"

#include <utility>

#include "data/augment/augment.h"

namespace svhn::train {

Augment make_augment(const std::optional<data::AugmentOptions>& options, const data::PreprocessPlan& plan,
                     std::uint64_t seed) {
  if (!options) return {};
  return [options = *options, plan, seed](std::int64_t pass) {
    return data::augment_hook(options, plan, seed, static_cast<std::uint64_t>(pass));
  };
}

data::ImageHook epoch_hook(const Augment& augment, EpochPlace place) {
  const std::size_t passes = (place.rows + place.images - 1) / place.images;
  if (passes <= 1) return augment(place.epoch);
  const auto first = place.epoch * static_cast<std::int64_t>(passes);
  return [augment, first, place = std::move(place), next = std::size_t{0}, pass = std::size_t{0},
          hook = data::ImageHook{}](std::span<float> chw, std::int64_t row) mutable {
    const std::size_t now = place.places[next++] / place.images;
    if (!hook || now != pass) hook = augment(first + static_cast<std::int64_t>(now));
    pass = now;
    hook(chw, row);
  };
}

}  // namespace svhn::train
