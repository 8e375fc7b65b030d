#include "svhn/train/views.h"

#include "svhn/data/augment.h"

namespace svhn::train {

Augment make_augment(const std::optional<data::AugmentOptions>& options, const data::PreprocessPlan& plan,
                     std::uint64_t seed) {
  if (!options) return {};
  return [options = *options, plan, seed](std::int64_t pass) {
    return data::augment_hook(options, plan, seed, static_cast<std::uint64_t>(pass));
  };
}

data::ImageHook epoch_hook(const Augment& augment, const EpochPlace& place) {
  const std::size_t passes = (place.rows + place.images - 1) / place.images;
  if (passes <= 1) return augment(place.epoch);
  const auto first = place.epoch * static_cast<std::int64_t>(passes);
  return [augment, first, images = place.images, at = place.done, hook = data::ImageHook{}](
             std::span<float> chw, std::int64_t row) mutable {
    if (!hook || at % images == 0) hook = augment(first + static_cast<std::int64_t>(at / images));
    ++at;
    hook(chw, row);
  };
}

}  // namespace svhn::train
