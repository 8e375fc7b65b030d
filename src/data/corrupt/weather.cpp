#include <algorithm>
#include <cmath>

#include "data/corrupt/changes.h"
#include "data/corrupt/picture.h"

namespace svhn::data {
namespace {

struct Snow {
  double mean;
  double deviation;
  double zoom;   ///< Of the flakes.
  double least;  ///< Fainter flakes are left out.
  Motion motion;
  double kept;  ///< Share of the image; the rest is whitened.
};

constexpr std::array<Snow, kSeverities> kSnow{{{0.1, 0.2, 1, 0.6, {8, 3}, 0.95},
                                               {0.1, 0.2, 1, 0.5, {10, 4}, 0.9},
                                               {0.15, 0.3, 1.75, 0.55, {10, 4}, 0.9},
                                               {0.25, 0.3, 2.25, 0.6, {12, 6}, 0.85},
                                               {0.3, 0.3, 1.25, 0.65, {14, 12}, 0.8}}};

/// @returns [32,32,1], flakes that fall; bytes on their way, as the paper's program keeps them in files.
Picture flakes(const Snow& snow, core::CounterRandom& random) {
  Picture noise(kPixels, kPixels, 1);
  for (double& v : noise.v) v = snow.mean + snow.deviation * random.normal();
  Picture layer = clipped_zoom(noise, snow.zoom);
  for (double& v : layer.v) {
    if (v < snow.least) v = 0.0;
    v = std::floor(std::clamp(v, 0.0, 1.0) * 255.0) / 255.0;
  }
  layer = motion_blurred(layer, snow.motion, random.uniform(-135.0, -45.0));
  for (double& v : layer.v) v = std::floor(v * 255.0 + 0.5) / 255.0;
  return layer;
}

struct Fog {
  double strength;
  double decay;
};

}  // namespace

Change make_snow(int severity) {
  const Snow snow = of_severity(kSnow, severity);
  return [snow](auto hwc, auto& random, auto changed) {
    Picture picture(hwc);
    const Picture layer = flakes(snow, random);
    const std::size_t pixels = layer.v.size();
    for (std::size_t i = 0; i < pixels; ++i) {
      double* rgb = picture.v.data() + 3 * i;
      const double white = 1.5 * (0.299 * rgb[0] + 0.587 * rgb[1] + 0.114 * rgb[2]) + 0.5;
      const double snowing = layer.v[i] + layer.v[pixels - 1 - i];  // Also turned by 180 degrees.
      for (int c = 0; c < 3; ++c)
        rgb[c] = snow.kept * rgb[c] + (1 - snow.kept) * std::max(rgb[c], white) + snowing;
    }
    store(picture, changed);
  };
}

Change make_fog(int severity) {
  const Fog fog = of_severity<Fog>({{{0.2, 3}, {0.5, 3}, {0.75, 2.5}, {1, 2}, {1.5, 1.75}}}, severity);
  return [fog](auto hwc, auto& random, auto changed) {
    Picture picture(hwc);
    const double most = *std::ranges::max_element(picture.v);
    const Picture cloud = plasma(random, fog.decay);
    for (std::size_t i = 0; i < picture.v.size(); ++i)
      picture.v[i] = (picture.v[i] + fog.strength * cloud.v[i / 3]) * most / (most + fog.strength);
    store(picture, changed);
  };
}

Change make_brightness(int severity) {
  const double more = of_severity<double>({0.05, 0.1, 0.15, 0.2, 0.3}, severity);
  return [more](auto hwc, auto&, auto changed) {
    Picture picture(hwc);
    for (std::size_t i = 0; i < picture.v.size(); i += 3) {
      double* rgb = picture.v.data() + i;
      const double value = std::max({rgb[0], rgb[1], rgb[2]}), brighter = std::min(value + more, 1.0);
      // Hue and saturation stay where all three grow alike; black has neither.
      for (int c = 0; c < 3; ++c) rgb[c] = value > 0.0 ? brighter * (rgb[c] / value) : brighter;
    }
    store(picture, changed);
  };
}

}  // namespace svhn::data
