#include <algorithm>
#include <cmath>
#include <vector>

#include "data/corrupt/changes.h"
#include "data/corrupt/picture.h"

namespace svhn::data {
namespace {

constexpr int kBytes = 256;

/// The Poisson distribution of one mean, drawn by inversion.
class Poisson {
 public:
  explicit Poisson(double mean) {
    const auto most = static_cast<std::size_t>(mean + 12.0 * std::sqrt(mean) + 20.0);
    double share = std::exp(-mean), sum = 0.0;
    for (std::size_t k = 0; k <= most; ++k) {
      sum += share;
      up_to_.push_back(sum);
      share *= mean / static_cast<double>(k + 1);
    }
  }

  /// @param uniform in [0, 1).
  [[nodiscard]] double draw(double uniform) const {
    const auto found = std::ranges::lower_bound(up_to_, uniform);
    return static_cast<double>(std::min(found, up_to_.end() - 1) - up_to_.begin());
  }

 private:
  std::vector<double> up_to_;  ///< Probability of at most k.
};

}  // namespace

Change make_gaussian_noise(int severity) {
  const double deviation = of_severity<double>({0.04, 0.06, 0.08, 0.09, 0.10}, severity);
  return [deviation](auto hwc, auto& random, auto changed) {
    Picture picture(hwc);
    for (double& v : picture.v) v += deviation * random.normal();
    store(picture, changed);
  };
}

Change make_shot_noise(int severity) {
  const double photons = of_severity<double>({500, 250, 100, 75, 50}, severity);
  std::vector<Poisson> of_byte;
  of_byte.reserve(kBytes);
  for (int byte = 0; byte < kBytes; ++byte) of_byte.emplace_back(photons * byte / (kBytes - 1));
  return [photons, of_byte](auto hwc, auto& random, auto changed) {
    Picture picture(hwc);
    for (std::size_t i = 0; i < hwc.size(); ++i)
      picture.v[i] = of_byte[hwc[i]].draw(random.uniform()) / photons;
    store(picture, changed);
  };
}

Change make_impulse_noise(int severity) {
  const double share = of_severity<double>({0.01, 0.02, 0.03, 0.05, 0.07}, severity);
  return [share](auto hwc, auto& random, auto changed) {
    Picture picture(hwc);
    for (double& v : picture.v) {
      const double drawn = random.uniform();
      if (drawn < share) v = drawn < share / 2 ? 0.0 : 1.0;
    }
    store(picture, changed);
  };
}

}  // namespace svhn::data
