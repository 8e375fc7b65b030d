#include "data/resize.h"

#include <algorithm>
#include <cmath>
#include <string>

#include "core/error.h"

namespace svhn::data {
namespace {

constexpr double kNothing = 1e-9;  // What rounding leaves over of a pixel at a border.

}  // namespace

std::vector<Resizer::Taps> Resizer::area_taps(std::int64_t from, std::int64_t to) {
  const double scale = static_cast<double>(from) / static_cast<double>(to);
  std::vector<Taps> all(static_cast<std::size_t>(to));
  for (std::size_t i = 0; i < all.size(); ++i) {
    const double begin = static_cast<double>(i) * scale;
    const double end = std::min(begin + scale, static_cast<double>(from));
    all[i].first = static_cast<std::size_t>(begin + kNothing);
    for (std::size_t pixel = all[i].first; static_cast<double>(pixel) < end; ++pixel) {
      const auto at = static_cast<double>(pixel);
      const double covered = std::min(at + 1.0, end) - std::max(at, begin);
      if (covered > kNothing) all[i].weights.push_back(static_cast<float>(covered / scale));
    }
  }
  return all;
}

std::vector<Resizer::Taps> Resizer::linear_taps(std::int64_t from, std::int64_t to) {
  const double scale = static_cast<double>(from) / static_cast<double>(to);
  const double last = static_cast<double>(from - 1);
  std::vector<Taps> all(static_cast<std::size_t>(to));
  for (std::size_t i = 0; i < all.size(); ++i) {
    const double centre = std::clamp((static_cast<double>(i) + 0.5) * scale - 0.5, 0.0, last);
    const double first = std::floor(centre);
    all[i] = {static_cast<std::size_t>(first), {static_cast<float>(1.0 - (centre - first))}};
    if (centre > first) all[i].weights.push_back(static_cast<float>(centre - first));
  }
  return all;
}

Resizer::Resizer(ImageSides from, ImageSides to) : from_(from), to_(to) {
  const bool shrinks = to.height <= from.height && to.width <= from.width;
  const auto taps = shrinks ? area_taps : linear_taps;
  rows_ = taps(from.height, to.height);
  columns_ = taps(from.width, to.width);
}

void Resizer::operator()(std::span<const std::uint8_t> hwc, std::span<std::uint8_t> resized) const {
  if (hwc.size() != from_.bytes() || resized.size() != to_.bytes()) {
    throw core::Error(core::ExitCode::bug, "an image of " + std::to_string(hwc.size()) +
                                               " bytes does not fit a resizing to " +
                                               std::to_string(resized.size()) + " bytes");
  }
  const auto line = static_cast<std::size_t>(from_.width * kChannels);
  std::vector<float> column(line);  // One line of the result's height and the source's width.
  std::uint8_t* out = resized.data();
  for (const Taps& row : rows_) {
    std::fill(column.begin(), column.end(), 0.0F);
    const std::uint8_t* in = hwc.data() + row.first * line;
    for (const float weight : row.weights) {
      for (std::size_t i = 0; i < line; ++i) column[i] += weight * static_cast<float>(in[i]);
      in += line;
    }
    for (const Taps& taps : columns_) {
      const float* at = column.data() + 3 * taps.first;
      float red = 0.0F, green = 0.0F, blue = 0.0F;
      for (const float weight : taps.weights) {
        red += weight * at[0];
        green += weight * at[1];
        blue += weight * at[2];
        at += 3;
      }
      for (const float value : {red, green, blue})
        *out++ = static_cast<std::uint8_t>(std::clamp(value + 0.5F, 0.0F, 255.0F));
    }
  }
}

}  // namespace svhn::data
