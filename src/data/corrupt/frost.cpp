#include <algorithm>
#include <cmath>
#include <numbers>

#include "data/corrupt/changes.h"
#include "data/corrupt/picture.h"

namespace svhn::data {
namespace {

constexpr double kThird = std::numbers::pi / 3.0;  // Branches of ice leave their stem at 60 degrees.

/// A straight line of ice from (y, x) on, in pixels.
struct Needle {
  double y;
  double x;
  double angle;
  double length;
  double brightness;
  double width;

  [[nodiscard]] double end_y(double share) const { return y + share * length * std::sin(angle); }
  [[nodiscard]] double end_x(double share) const { return x + share * length * std::cos(angle); }
};

/// Draws it with soft borders over what is darker.
void draw_needle(Picture& ice, const Needle& needle) {
  const double reach = 2.5 * needle.width;
  const auto range = [reach](double a, double b) {
    return std::pair(std::max(0, static_cast<int>(std::ceil(std::min(a, b) - reach))),
                     std::min(kPixels - 1, static_cast<int>(std::floor(std::max(a, b) + reach))));
  };
  const auto [top, bottom] = range(needle.y, needle.end_y(1.0));
  const auto [left, right] = range(needle.x, needle.end_x(1.0));
  const double cosine = std::cos(needle.angle), sine = std::sin(needle.angle);
  for (int y = top; y <= bottom; ++y) {
    for (int x = left; x <= right; ++x) {
      const double dy = y - needle.y, dx = x - needle.x;
      const double along = std::clamp(dx * cosine + dy * sine, 0.0, needle.length);
      const double off = std::hypot(dx - along * cosine, dy - along * sine) / needle.width;
      *ice.at(y, x) = std::max(*ice.at(y, x), needle.brightness * std::exp(-0.5 * off * off));
    }
  }
}

/// Draws a stem with its branches, which are shorter towards its end.
void draw_fern(Picture& ice, core::CounterRandom& random) {
  const Needle stem{random.uniform(-6.0, kPixels + 6.0),
                    random.uniform(-6.0, kPixels + 6.0),
                    random.uniform(0.0, 2.0 * std::numbers::pi),
                    random.uniform(10.0, 26.0),
                    random.uniform(0.7, 1.0),
                    0.7};
  draw_needle(ice, stem);
  double at = random.uniform(0.5, 2.0);
  while (at < stem.length) {
    const double share = at / stem.length;
    for (const double turn : {-kThird, kThird}) {
      draw_needle(
          ice, {stem.end_y(share), stem.end_x(share), stem.angle + turn,
                (1.0 - share) * random.uniform(3.0, 9.0), stem.brightness * random.uniform(0.5, 0.9), 0.5});
    }
    at += random.uniform(1.6, 3.2);
  }
}

/// @returns [32,32,1]: a milky glaze that is thicker in places, and ferns of ice on it.
Picture frosted_pane(core::CounterRandom& random) {
  constexpr int kFerns = 8;
  Picture ice(kPixels, kPixels, 1);
  for (int i = 0; i < kFerns; ++i) draw_fern(ice, random);
  const Picture glaze = plasma(random, 2.0);
  for (std::size_t i = 0; i < ice.v.size(); ++i) ice.v[i] = std::min(1.0, 0.6 * glaze.v[i] + 0.6 * ice.v[i]);
  return ice;
}

struct Frost {
  double image;
  double ice;
};

}  // namespace

Change make_frost(int severity) {
  constexpr std::array<double, 3> kDark{0.20, 0.28, 0.38}, kBright{0.92, 0.96, 1.0};
  const Frost frost =
      of_severity<Frost>({{{1, 0.2}, {1, 0.3}, {0.9, 0.4}, {0.85, 0.4}, {0.75, 0.45}}}, severity);
  return [=](auto hwc, auto& random, auto changed) {
    Picture picture(hwc);
    const Picture pane = frosted_pane(random);
    for (std::size_t i = 0; i < picture.v.size(); ++i) {
      const double ice = kDark[i % 3] + pane.v[i / 3] * (kBright[i % 3] - kDark[i % 3]);
      picture.v[i] = frost.image * picture.v[i] + frost.ice * ice;
    }
    store(picture, changed);
  };
}

}  // namespace svhn::data
