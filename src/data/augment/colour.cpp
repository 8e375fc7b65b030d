#include "data/augment/colour.h"

#include <algorithm>
#include <cmath>

#include "core/error.h"

namespace svhn::data {
namespace {

constexpr double kLevels = 255.0;
constexpr std::array<float, 3> kGreyWeights{0.299F, 0.587F, 0.114F};

/// An image as lightness values.
struct Image {
  std::vector<float> v;
  ImageShape shape;

  [[nodiscard]] std::size_t plane() const { return static_cast<std::size_t>(shape.height * shape.width); }
  [[nodiscard]] std::span<float> channel(std::size_t c) { return std::span(v).subspan(c * plane(), plane()); }
};

float to_unit(float value) {
  const float low = value < 0.0F ? 0.0F : value;  // Compiles to one instruction.
  return low > 1.0F ? 1.0F : low;
}

template <class Function>
void each(Image& image, const Function& function) {
  for (float& v : image.v) v = function(v);
}

std::vector<float> grey(const Image& image) {
  if (image.shape.channels == 1) return image.v;
  const std::size_t n = image.plane();
  std::vector<float> result(n);
  for (std::size_t i = 0; i < n; ++i) {
    result[i] = kGreyWeights[0] * image.v[i] + kGreyWeights[1] * image.v[n + i] +
                kGreyWeights[2] * image.v[2 * n + i];
  }
  return result;
}

void auto_contrast(Image& image) {
  for (std::size_t c = 0; c < static_cast<std::size_t>(image.shape.channels); ++c) {
    const auto values = image.channel(c);
    const auto [low, high] = std::ranges::minmax(values);
    if (high <= low) continue;
    for (float& v : values) v = (v - low) / (high - low);
  }
}

void posterize(Image& image, double strength) {
  const int bits = static_cast<int>(std::lround(std::clamp(strength, 1.0, 8.0)));
  const int mask = 0xFF & ~(0xFF >> bits);
  each(image, [mask](float v) {
    const int level = static_cast<int>(std::lround(static_cast<double>(v) * kLevels)) & mask;
    return static_cast<float>(level / kLevels);
  });
}

/// @returns for each of 256 levels the level that takes its place.
std::array<float, 256> equalized(std::span<const int> levels) {
  std::array<std::int64_t, 256> counts{};
  for (const int level : levels) ++counts[static_cast<std::size_t>(level)];
  std::array<float, 256> table{};
  for (std::size_t i = 0; i < table.size(); ++i) table[i] = static_cast<float>(i);
  const auto last = static_cast<std::size_t>(*std::ranges::max_element(levels));
  const std::int64_t step = (static_cast<std::int64_t>(levels.size()) - counts[last]) / 255;
  if (step == 0) return table;
  std::int64_t below = step / 2;
  for (std::size_t i = 0; i < table.size(); ++i) {
    table[i] = static_cast<float>(std::min<std::int64_t>(below / step, 255));
    below += counts[i];
  }
  return table;
}

void equalize(Image& image) {
  std::vector<int> levels(image.plane());
  for (std::size_t c = 0; c < static_cast<std::size_t>(image.shape.channels); ++c) {
    const auto values = image.channel(c);
    for (std::size_t i = 0; i < values.size(); ++i) {
      levels[i] = static_cast<int>(std::lround(static_cast<double>(values[i]) * kLevels));
    }
    const auto table = equalized(levels);
    for (std::size_t i = 0; i < values.size(); ++i) {
      values[i] = table[static_cast<std::size_t>(levels[i])] / static_cast<float>(kLevels);
    }
  }
}

void contrast(Image& image, float strength) {
  double sum = 0.0;
  for (const float v : grey(image)) sum += static_cast<double>(v);
  const auto mean = static_cast<float>(sum / static_cast<double>(image.plane()));
  each(image, [=](float v) { return mean + strength * (v - mean); });
}

void saturation(Image& image, float strength) {
  const auto base = grey(image);
  for (std::size_t c = 0; c < static_cast<std::size_t>(image.shape.channels); ++c) {
    const auto values = image.channel(c);
    for (std::size_t i = 0; i < values.size(); ++i) {
      values[i] = base[i] + strength * (values[i] - base[i]);
    }
  }
}

/// @param at a pixel with neighbours on all sides.
float smoothed(const float* at, std::ptrdiff_t width) {
  float sum = 4.0F * *at;
  for (const std::ptrdiff_t row : {-width, std::ptrdiff_t{0}, width})
    sum += at[row - 1] + at[row] + at[row + 1];
  return sum / 13.0F;
}

void sharpness(Image& image, float strength) {
  const std::vector<float> source = image.v;
  const auto [channels, height, width] = image.shape;
  for (std::int64_t line = 0; line < channels * height; ++line) {
    const std::int64_t row = line % height;
    if (row == 0 || row == height - 1) continue;
    for (std::int64_t i = line * width + 1; i < (line + 1) * width - 1; ++i) {
      const float base = smoothed(source.data() + i, width);
      image.v[static_cast<std::size_t>(i)] = base + strength * (source[static_cast<std::size_t>(i)] - base);
    }
  }
}

void apply_to_lightness(Image& image, const ColourChange& change) {
  const auto s = static_cast<float>(change.strength);
  switch (change.op) {
    case ColourOp::identity:
      return;
    case ColourOp::auto_contrast:
      return auto_contrast(image);
    case ColourOp::invert:
      return each(image, [](float v) { return 1.0F - v; });
    case ColourOp::solarize:
      return each(image, [s](float v) { return v >= s ? 1.0F - v : v; });
    case ColourOp::posterize:
      return posterize(image, change.strength);
    case ColourOp::brightness:
      return each(image, [s](float v) { return s * v; });
    case ColourOp::contrast:
      return contrast(image, s);
    case ColourOp::saturation:
      return saturation(image, s);
    case ColourOp::sharpness:
      return sharpness(image, s);
    case ColourOp::equalize:
      return equalize(image);
  }
}

double strength_of(ColourOp op, double magnitude, bool less) {
  switch (op) {
    case ColourOp::identity:
    case ColourOp::auto_contrast:
    case ColourOp::invert:
      return 0.0;
    case ColourOp::solarize:
      return 1.0 - magnitude;
    case ColourOp::posterize:
      return 8.0 - 4.0 * magnitude;
    default:
      return 1.0 + (less ? -0.9 : 0.9) * magnitude;
  }
}

}  // namespace

PixelRange pixel_range(const PreprocessPlan& plan) {
  PixelRange range;
  const auto channels = static_cast<std::size_t>(plan.channels());
  const std::array<std::uint8_t, 3> black{0, 0, 0}, white{255, 255, 255};
  plan.apply(black, std::span(range.black).first(channels));
  plan.apply(white, std::span(range.white).first(channels));
  return range;
}

std::vector<ColourChange> draw_colour(core::CounterRandom& random, std::int64_t count, double magnitude) {
  std::vector<ColourChange> changes;
  for (std::int64_t i = 0; i < count; ++i) {
    const auto op = static_cast<ColourOp>(random.below(kColourOps));
    changes.push_back({op, strength_of(op, magnitude, random.below(2) == 1)});
  }
  return changes;
}

void apply_colour(std::span<float> chw, const ImageShape& shape, const PixelRange& range,
                  const ColourChange& change) {
  if (chw.size() != shape.numbers() || (shape.channels != 1 && shape.channels != 3)) {
    throw core::Error(core::ExitCode::bug, "apply_colour: pixels do not fit the shape");
  }
  if (change.op == ColourOp::identity) return;
  Image image{{chw.begin(), chw.end()}, shape};
  const auto channels = static_cast<std::size_t>(shape.channels);
  for (std::size_t c = 0; c < channels; ++c) {
    const float black = range.black[c], span = range.white[c] - black;
    for (float& v : image.channel(c)) v = to_unit((v - black) / span);
  }
  apply_to_lightness(image, change);
  for (std::size_t c = 0; c < channels; ++c) {
    const float black = range.black[c], span = range.white[c] - black;
    float* to = chw.data() + c * image.plane();
    for (const float v : image.channel(c)) *to++ = black + span * to_unit(v);
  }
}

}  // namespace svhn::data
