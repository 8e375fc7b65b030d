#include "data/augment/augment.h"

#include <algorithm>

#include "core/error.h"
#include "core/random.h"
#include "data/prepared.h"

namespace svhn::data {
namespace {

/// @returns a uniform integer in [-limit, limit].
std::int64_t draw_offset(core::CounterRandom& random, std::int64_t limit) {
  return static_cast<std::int64_t>(random.below(static_cast<std::uint64_t>(2 * limit + 1))) - limit;
}

std::int64_t draw_index(core::CounterRandom& random, std::int64_t side) {
  return static_cast<std::int64_t>(random.below(static_cast<std::uint64_t>(side)));
}

void add_to_channels(std::span<float> chw, double number) {
  if (number == 0.0) return;
  const auto [low, high] = std::ranges::minmax(chw);
  const auto added = static_cast<float>(number);
  for (float& x : chw) x = std::clamp(x + added, low, high);
}

void flip_columns(std::span<float> chw, std::int64_t width) {
  for (auto row = chw.begin(); row != chw.end(); row += width) std::reverse(row, row + width);
}

void flip_rows(std::span<float> chw, const ImageShape& shape) {
  for (std::int64_t c = 0; c < shape.channels; ++c) {
    const auto plane = chw.begin() + c * shape.height * shape.width;
    for (std::int64_t top = 0, low = shape.height - 1; top < low; ++top, --low) {
      std::swap_ranges(plane + top * shape.width, plane + (top + 1) * shape.width, plane + low * shape.width);
    }
  }
}

/// @returns the pixel of an axis for an index into its padding, -1 for the constant.
std::int64_t padded(std::int64_t index, std::int64_t n, Fill fill) {
  if (index >= 0 && index < n) return index;
  const auto modulo = [index](std::int64_t period) { return (index % period + period) % period; };
  switch (fill) {
    case Fill::constant:
      return -1;
    case Fill::reflect:
      return std::min(modulo(2 * n), 2 * n - 1 - modulo(2 * n));
    case Fill::wrap:
      return modulo(n);
    case Fill::nearest:
      break;
  }
  return std::clamp<std::int64_t>(index, 0, n - 1);
}

void crop(std::span<float> chw, const ImageShape& shape, const AugmentOptions& options,
          const AugmentParameters& p) {
  if (p.crop_rows == 0 && p.crop_columns == 0) return;
  const std::vector<float> source(chw.begin(), chw.end());
  const auto outside = static_cast<float>(options.fill_value);
  std::vector<std::int64_t> columns;
  for (std::int64_t i = 0; i < shape.width; ++i) {
    columns.push_back(padded(i + p.crop_columns, shape.width, options.fill));
  }
  auto out = chw.begin();
  for (std::int64_t line = 0; line < shape.channels * shape.height; ++line) {
    const std::int64_t top = line - line % shape.height;
    const std::int64_t row = padded(line % shape.height + p.crop_rows, shape.height, options.fill);
    for (const std::int64_t column : columns) {
      const auto pixel = static_cast<std::size_t>((top + row) * shape.width + column);
      *out++ = row < 0 || column < 0 ? outside : source[pixel];
    }
  }
}

void cut_out(std::span<float> chw, const ImageShape& shape, std::int64_t side, const AugmentParameters& p) {
  const auto first = [side](std::int64_t centre) { return std::max<std::int64_t>(centre - side / 2, 0); };
  const auto end = [side](std::int64_t centre, std::int64_t n) {
    return std::min(centre - side / 2 + side, n);
  };
  for (std::int64_t c = 0; c < shape.channels; ++c) {
    for (std::int64_t r = first(p.cutout_row); r < end(p.cutout_row, shape.height); ++r) {
      const auto row = chw.begin() + (c * shape.height + r) * shape.width;
      std::fill(row + first(p.cutout_column), row + end(p.cutout_column, shape.width), 0.0F);
    }
  }
}

}  // namespace

AugmentParameters draw_parameters(const AugmentOptions& o, const ImageShape& shape, const AugmentKey& key) {
  core::CounterRandom random(key.seed, core::stream_id("augment"),
                             (key.epoch << 32) ^ static_cast<std::uint64_t>(key.row));
  AugmentParameters p;
  p.affine.rotation_degrees = random.uniform(-o.rotation_degrees, o.rotation_degrees);
  p.affine.shift_rows = random.uniform(-o.height_shift, o.height_shift) * static_cast<double>(shape.height);
  p.affine.shift_columns = random.uniform(-o.width_shift, o.width_shift) * static_cast<double>(shape.width);
  p.affine.shear_degrees = random.uniform(-o.shear_degrees, o.shear_degrees);
  p.affine.zoom_rows = random.uniform(1.0 - o.zoom, 1.0 + o.zoom);
  p.affine.zoom_columns = random.uniform(1.0 - o.zoom, 1.0 + o.zoom);
  p.flip_horizontal = (random.below(2) == 1) && o.horizontal_flip;
  p.flip_vertical = (random.below(2) == 1) && o.vertical_flip;
  p.channel_shift = random.uniform(-o.channel_shift, o.channel_shift);
  p.brightness = random.uniform(1.0 - o.brightness, 1.0 + o.brightness);
  p.crop_rows = draw_offset(random, o.random_crop);
  p.crop_columns = draw_offset(random, o.random_crop);
  p.cutout_row = draw_index(random, shape.height);
  p.cutout_column = draw_index(random, shape.width);
  p.colour = draw_colour(random, o.colour_ops, o.colour_magnitude);
  p.contrast = random.uniform(1.0 - o.contrast, 1.0 + o.contrast);
  p.policy = draw_policy(random, o, shape);
  p.erasing = draw_erasing(random, o, shape);
  return p;
}

void apply_parameters(std::span<float> chw, const ImageShape& shape, const AugmentOptions& options,
                      const PixelRange& range, const AugmentParameters& p) {
  if (chw.size() != shape.numbers()) {
    throw core::Error(core::ExitCode::bug, "apply_parameters: pixels do not fit the shape");
  }
  if (p.affine != AffineParameters{}) {
    const AffineMatrix matrix = affine_matrix(p.affine, shape.height, shape.width);
    apply_affine(chw, shape, matrix, options.fill, options.fill_value);
  }
  add_to_channels(chw, p.channel_shift);
  if (p.flip_horizontal) flip_columns(chw, shape.width);
  if (p.flip_vertical) flip_rows(chw, shape);
  if (p.brightness != 1.0) apply_colour(chw, shape, range, {ColourOp::brightness, p.brightness});
  crop(chw, shape, options, p);
  for (const ColourChange& change : p.colour) apply_colour(chw, shape, range, change);
  if (p.contrast != 1.0) apply_colour(chw, shape, range, {ColourOp::contrast, p.contrast});
  apply_policy(chw, shape, options, range, p.policy);
  if (options.cutout > 0) cut_out(chw, shape, options.cutout, p);
  if (p.erasing) erase(chw, shape, *p.erasing);
}

void augment_image(std::span<float> chw, const ImageShape& shape, const AugmentOptions& options,
                   const PixelRange& range, const AugmentKey& key) {
  apply_parameters(chw, shape, options, range, draw_parameters(options, shape, key));
}

ImageHook augment_hook(const AugmentOptions& options, const PreprocessPlan& plan, std::uint64_t seed,
                       std::uint64_t epoch) {
  const ImageShape shape{plan.channels(), kSide, kSide};
  const PixelRange range = pixel_range(plan);
  return [=](std::span<float> chw, std::int64_t row) {
    augment_image(chw, shape, options, range, {seed, epoch, row});
  };
}

}  // namespace svhn::data
