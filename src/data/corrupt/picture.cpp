#include "data/corrupt/picture.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace svhn::data {
namespace {

constexpr double kMostByte = 255.0;

/// @returns the index of the pixel that stands for pixel `i` of a line of `n`.
int inside(int i, int n, Edge edge) {
  if (edge == Edge::nearest) return std::clamp(i, 0, n - 1);
  const int period = std::max(1, edge == Edge::reflect ? 2 * n : 2 * n - 2);
  const int at = (i % period + period) % period;
  if (at < n) return at;
  return edge == Edge::reflect ? period - 1 - at : period - at;
}

/// Weighs `n` values that are `stride` apart. @param line is filled with the values and those beyond the
/// border.
void blur_line(double* values, std::ptrdiff_t stride, int n, std::span<const double> weights, Edge edge,
               std::vector<double>& line) {
  const int radius = static_cast<int>(weights.size() / 2);
  line.resize(static_cast<std::size_t>(n) + weights.size() - 1);
  for (int i = 0; i < static_cast<int>(line.size()); ++i)
    line[static_cast<std::size_t>(i)] = values[inside(i - radius, n, edge) * stride];
  for (int i = 0; i < n; ++i) {
    double sum = 0.0;
    for (std::size_t k = 0; k < weights.size(); ++k)
      sum += weights[k] * line[static_cast<std::size_t>(i) + k];
    values[i * stride] = sum;
  }
}

/// A place between two pixels of a line.
struct Between {
  int low;
  int high;
  double share;  ///< Of `high`.
};

Between between(double place, int n, Edge edge) {
  const double floor = std::floor(place);
  const int first = static_cast<int>(floor);
  if (first >= 0 && first + 1 < n) return {first, first + 1, place - floor};
  return {inside(first, n, edge), inside(first + 1, n, edge), place - floor};
}

void add_between(const Picture& picture, const Between& y, const Between& x, double* sum) {
  const double* corners[] = {picture.at(y.low, x.low), picture.at(y.low, x.high), picture.at(y.high, x.low),
                             picture.at(y.high, x.high)};
  for (int c = 0; c < picture.channels; ++c) {
    const double above = corners[0][c] + x.share * (corners[1][c] - corners[0][c]);
    const double below = corners[2][c] + x.share * (corners[3][c] - corners[2][c]);
    sum[c] += above + y.share * (below - above);
  }
}

/// The landscape of `plasma` while it is made; it has no borders.
class Landscape {
 public:
  explicit Landscape(Picture& picture) : picture_(picture) {}
  double& operator()(int y, int x) { return *picture_.at(wrapped(y), wrapped(x)); }

 private:
  static int wrapped(int i) { return (i + kPixels) % kPixels; }
  Picture& picture_;
};

}  // namespace

Picture::Picture(std::span<const std::uint8_t> hwc) : v(hwc.size()) {
  std::ranges::transform(hwc, v.begin(), [](std::uint8_t byte) { return byte / kMostByte; });
}

void store(const Picture& picture, std::span<std::uint8_t> bytes) {
  std::ranges::transform(picture.v, bytes.begin(), [](double v) {
    return static_cast<std::uint8_t>(std::clamp(v, 0.0, 1.0) * kMostByte);
  });
}

void store_rounded(const Picture& picture, std::span<std::uint8_t> bytes) {
  std::ranges::transform(picture.v, bytes.begin(), [](double v) {
    return static_cast<std::uint8_t>(std::lround(std::clamp(v, 0.0, 1.0) * kMostByte));
  });
}

std::vector<double> gaussian_weights(double sigma, double truncate) {
  const int radius = static_cast<int>(std::lround(truncate * sigma));
  std::vector<double> weights;
  double sum = 0.0;
  for (int i = -radius; i <= radius; ++i) {
    weights.push_back(i == 0 ? 1.0 : std::exp(-0.5 * i * i / (sigma * sigma)));
    sum += weights.back();
  }
  for (double& weight : weights) weight /= sum;
  return weights;
}

Picture blurred(const Picture& picture, std::span<const double> weights, Edge edge) {
  Picture result = picture;
  if (weights.size() == 1) return result;
  std::vector<double> line;
  const std::ptrdiff_t row = static_cast<std::ptrdiff_t>(picture.width) * picture.channels;
  for (std::ptrdiff_t i = 0; i < row; ++i)
    blur_line(result.v.data() + i, row, picture.height, weights, edge, line);
  for (int y = 0; y < picture.height; ++y) {
    for (int c = 0; c < picture.channels; ++c)
      blur_line(result.at(y, 0) + c, picture.channels, picture.width, weights, edge, line);
  }
  return result;
}

void add_sample(const Picture& picture, double y, double x, Edge edge, double* sum) {
  add_between(picture, between(y, picture.height, edge), between(x, picture.width, edge), sum);
}

Picture clipped_zoom(const Picture& picture, double factor) {
  const int n = picture.height;
  const int crop = static_cast<int>(std::ceil(n / factor)), first = (n - crop) / 2;
  const int large =
      static_cast<int>(std::nearbyint(crop * factor));  // Halves to the even side, as Python's round.
  const int trim = (large - n) / 2;
  std::vector<Between> places;
  for (int i = 0; i < n; ++i) {
    const double place = static_cast<double>(i + trim) * (crop - 1) / (large - 1);
    places.push_back(between(first + std::min(place, static_cast<double>(crop - 1)), n, Edge::nearest));
  }
  Picture result(n, n, picture.channels);
  for (int y = 0; y < n; ++y) {
    for (int x = 0; x < n; ++x) {
      add_between(picture, places[static_cast<std::size_t>(y)], places[static_cast<std::size_t>(x)],
                  result.at(y, x));
    }
  }
  return result;
}

Picture motion_blurred(const Picture& picture, Motion motion, double degrees) {
  const double angle = degrees * std::numbers::pi / 180.0;
  const int taps = 2 * motion.radius + 1;
  double sum = 0.0;
  for (int i = 0; i < taps; ++i) sum += std::exp(-0.5 * i * i / (motion.sigma * motion.sigma));
  Picture result(picture.height, picture.width, picture.channels);
  for (int i = 0; i < taps; ++i) {
    const double weight = std::exp(-0.5 * i * i / (motion.sigma * motion.sigma)) / sum;
    const int right = static_cast<int>(std::ceil(i * std::cos(angle) - 0.5));
    const int down = static_cast<int>(std::ceil(i * std::sin(angle) - 0.5));
    for (int y = 0; y < picture.height; ++y) {
      for (int x = 0; x < picture.width; ++x) {
        const double* from = picture.at(inside(y + down, picture.height, Edge::nearest),
                                        inside(x + right, picture.width, Edge::nearest));
        for (int c = 0; c < picture.channels; ++c) result.at(y, x)[c] += weight * from[c];
      }
    }
  }
  return result;
}

Picture plasma(core::CounterRandom& random, double decay) {
  constexpr double kRoughness = 100.0;
  Picture picture(kPixels, kPixels, 1);
  Landscape land(picture);
  double rough = kRoughness;
  // The mean of four places and a random height.
  const auto mean = [&](double a, double b, double c, double d) {
    return (a + b + c + d) / 4.0 + rough * random.uniform(-rough, rough);
  };
  for (int step = kPixels; step >= 2; step /= 2, rough /= decay) {
    const int h = step / 2;
    const auto each = [step](int y0, int x0, const auto& set) {
      for (int y = y0; y < kPixels; y += step) {
        for (int x = x0; x < kPixels; x += step) set(y, x);
      }
    };
    each(h, h, [&](int y, int x) {
      land(y, x) = mean(land(y - h, x - h), land(y + h, x - h), land(y - h, x + h), land(y + h, x + h));
    });
    const auto diamond = [&](int y, int x) {
      land(y, x) = mean(land(y - h, x), land(y + h, x), land(y, x - h), land(y, x + h));
    };
    each(0, h, diamond);
    each(h, 0, diamond);
  }
  const auto [low, high] = std::ranges::minmax(picture.v);
  for (double& v : picture.v) v = (v - low) / (high - low);
  return picture;
}

}  // namespace svhn::data
