#include <algorithm>
#include <cmath>
#include <opencv2/imgproc.hpp>

#include "core/error.h"
#include "report/images/image_grid.h"

namespace svhn::report {
namespace {

using Pixel = cv::Vec3b;

const Pixel kNothing(128, 128, 128);

/// The 256 colours of one of OpenCV's maps, as RGB.
std::vector<Pixel> opencv_colours(int map) {
  cv::Mat ramp(1, 256, CV_8UC1);
  for (int i = 0; i < 256; ++i) ramp.at<std::uint8_t>(0, i) = static_cast<std::uint8_t>(i);
  cv::Mat bgr;
  cv::applyColorMap(ramp, bgr, map);
  cv::Mat rgb;
  cv::cvtColor(bgr, rgb, cv::COLOR_BGR2RGB);
  return {rgb.begin<Pixel>(), rgb.end<Pixel>()};
}

/// From blue over white to red; the ends are those of ColorBrewer's RdBu, told apart by colour-blind eyes.
std::vector<Pixel> diverging_colours() {
  const cv::Vec3d blue(33, 102, 172), white(255, 255, 255), red(178, 24, 43);
  std::vector<Pixel> colours;
  for (int i = 0; i < 256; ++i) {
    const double at = (i - 127.5) / 127.5;
    const cv::Vec3d mixed = white + ((at < 0 ? blue : red) - white) * std::abs(at);
    colours.emplace_back(cv::saturate_cast<std::uint8_t>(mixed[0]), cv::saturate_cast<std::uint8_t>(mixed[1]),
                         cv::saturate_cast<std::uint8_t>(mixed[2]));
  }
  return colours;
}

struct Limits {
  double low = 0.0;
  double high = 0.0;
};

Limits limits_of(std::span<const float> values, ColourScale scale) {
  Limits limits{INFINITY, -INFINITY};
  for (const float value : values) {
    if (!std::isfinite(value)) continue;
    limits = {std::min<double>(limits.low, value), std::max<double>(limits.high, value)};
  }
  if (scale == ColourScale::viridis) return limits;
  const double most = std::max(std::abs(limits.low), std::abs(limits.high));
  return {-most, most};
}

std::size_t shade(double value, const Limits& limits) {
  if (!(limits.high > limits.low)) return 0;
  return static_cast<std::size_t>(
      std::clamp((value - limits.low) / (limits.high - limits.low) * 256.0, 0.0, 255.0));
}

void check(std::size_t values, int height, int width) {
  if (height >= 1 && width >= 1 &&
      values == static_cast<std::size_t>(height) * static_cast<std::size_t>(width)) {
    return;
  }
  throw core::Error(core::ExitCode::bug, "a map of numbers that does not fit its size");
}

void append(std::vector<std::uint8_t>& rgb, const Pixel& pixel) {
  for (int c = 0; c < 3; ++c) rgb.push_back(pixel[c]);
}

}  // namespace

Tile colour_map(std::span<const float> values, int height, int width, ColourScale scale) {
  check(values.size(), height, width);
  const bool diverging = scale == ColourScale::diverging;
  const auto colours = diverging ? diverging_colours() : opencv_colours(cv::COLORMAP_VIRIDIS);
  const Limits limits = limits_of(values, scale);
  // Nothing but zeros stands in the middle of a scale around zero.
  const bool flat = diverging && !(limits.high > 0.0);
  Tile tile{height, width, {}};
  tile.rgb.reserve(values.size() * 3);
  for (const float value : values) {
    const Pixel colour =
        flat ? Pixel(255, 255, 255) : colours[std::isfinite(value) ? shade(value, limits) : 0];
    append(tile.rgb, std::isfinite(value) ? colour : kNothing);
  }
  return tile;
}

Tile heat_over(const Tile& image, std::span<const float> heat) {
  check(heat.size(), image.height, image.width);
  const auto colours = opencv_colours(cv::COLORMAP_INFERNO);
  const Limits limits{0.0, limits_of(heat, ColourScale::viridis).high};
  Tile tile{image.height, image.width, {}};
  tile.rgb.reserve(image.rgb.size());
  for (std::size_t i = 0; i < heat.size(); ++i) {
    const std::uint8_t* pixel = image.rgb.data() + 3 * i;
    const double grey = 0.299 * pixel[0] + 0.587 * pixel[1] + 0.114 * pixel[2];
    const std::size_t at = std::isfinite(heat[i]) ? shade(heat[i], limits) : 0;
    const double share = 0.25 + 0.5 * static_cast<double>(at) / 255.0;
    for (int c = 0; c < 3; ++c) {
      tile.rgb.push_back(cv::saturate_cast<std::uint8_t>((1.0 - share) * grey + share * colours[at][c]));
    }
  }
  return tile;
}

}  // namespace svhn::report
