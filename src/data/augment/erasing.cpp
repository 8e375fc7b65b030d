#include "data/augment/erasing.h"

#include <algorithm>
#include <cmath>

namespace svhn::data {
namespace {

constexpr double kSmallestArea = 0.02;
constexpr double kFlattest = 0.3;
constexpr int kAttempts = 10;

std::int64_t draw_first(core::CounterRandom& random, std::int64_t side, std::int64_t length) {
  return static_cast<std::int64_t>(random.below(static_cast<std::uint64_t>(side - length + 1)));
}

/// @returns an empty rectangle where none fitted.
Rectangle draw_rectangle(core::CounterRandom& random, double largest, const ImageShape& shape) {
  const auto pixels = static_cast<double>(shape.height * shape.width);
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    const double area = pixels * random.uniform(kSmallestArea, largest);
    const double ratio = std::exp(random.uniform(std::log(kFlattest), -std::log(kFlattest)));
    const auto height = static_cast<std::int64_t>(std::lround(std::sqrt(area * ratio)));
    const auto width = static_cast<std::int64_t>(std::lround(std::sqrt(area / ratio)));
    if (height > shape.height || width > shape.width) continue;
    const std::int64_t top = draw_first(random, shape.height, height);
    return {top, draw_first(random, shape.width, width), height, width};
  }
  return {};
}

}  // namespace

std::optional<Erasing> draw_erasing(core::CounterRandom& random, const AugmentOptions& options,
                                    const ImageShape& shape) {
  if (random.uniform() >= options.random_erasing) return std::nullopt;
  Erasing erasing{draw_rectangle(random, options.random_erasing_area, shape), std::nullopt};
  if (erasing.area.height == 0 || erasing.area.width == 0) return std::nullopt;
  if (options.random_erasing_noise) erasing.noise = random.next_u64();
  return erasing;
}

void erase(std::span<float> chw, const ImageShape& shape, const Erasing& erasing) {
  const Rectangle& area = erasing.area;
  core::CounterRandom noise(erasing.noise.value_or(0), core::stream_id("random_erasing"));
  for (std::int64_t c = 0; c < shape.channels; ++c) {
    for (std::int64_t r = area.top; r < area.top + area.height; ++r) {
      const auto row = chw.begin() + (c * shape.height + r) * shape.width + area.left;
      std::generate(row, row + area.width,
                    [&] { return erasing.noise ? static_cast<float>(noise.normal()) : 0.0F; });
    }
  }
}

}  // namespace svhn::data
