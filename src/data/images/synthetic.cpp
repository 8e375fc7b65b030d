#include "data/images/synthetic.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <numbers>
#include <opencv2/imgproc.hpp>
#include <string>
#include <vector>

#include "core/error.h"
#include "core/random.h"
#include "core/thread_pool.h"
#include "data/prepared.h"

namespace svhn::data {
namespace {

constexpr std::int64_t kMaxImages = 10'000'000;

/// Three steps draw a picture; all have 32x32 pixels, values 0..1, RGB.
constexpr int kPictureSide = 32;

/// @returns true with this probability.
bool chance(core::CounterRandom& random, double probability) {
  return random.uniform() < probability;
}

// Strokes are drawn at three times the size; resizing by area then smooths every edge.
constexpr int kOversampling = 3;
constexpr int kLarge = kPictureSide * kOversampling;
constexpr int kCanvasWidth = 256;  // Includes the neighbours, most of which the crop removes.
constexpr int kCanvasHeight = 128;
constexpr int kGlyphHeight = 64;

/// The font of all digits of one sign.
struct Lettering {
  int font;
  int thickness;
  double scale;
};

Lettering choose_lettering(core::CounterRandom& random) {
  constexpr std::array<int, 6> fonts{cv::FONT_HERSHEY_SIMPLEX, cv::FONT_HERSHEY_SIMPLEX,
                                     cv::FONT_HERSHEY_DUPLEX,  cv::FONT_HERSHEY_COMPLEX,
                                     cv::FONT_HERSHEY_TRIPLEX, cv::FONT_HERSHEY_PLAIN};
  Lettering lettering{};
  lettering.font = fonts[random.below(fonts.size())];
  lettering.thickness = 3 + static_cast<int>(random.below(11));
  lettering.scale = cv::getFontScaleFromHeight(lettering.font, kGlyphHeight);
  if (chance(random, 0.12)) lettering.font |= cv::FONT_ITALIC;
  return lettering;
}

/// @returns the width of the digit's box, pixels.
int glyph_width(int digit, const Lettering& lettering) {
  int baseline = 0;
  return cv::getTextSize(std::to_string(digit), lettering.font, lettering.scale, 1, &baseline).width;
}

void write_digit(cv::Mat& canvas, int digit, const Lettering& lettering, int left) {
  const int bottom = (kCanvasHeight + kGlyphHeight) / 2;
  cv::putText(canvas, std::to_string(digit), {left, bottom}, lettering.font, lettering.scale, cv::Scalar(255),
              lettering.thickness, cv::LINE_AA);
}

cv::Mat write_number(int digit, core::CounterRandom& random) {
  cv::Mat canvas = cv::Mat::zeros(kCanvasHeight, kCanvasWidth, CV_8UC1);
  const Lettering lettering = choose_lettering(random);
  const int width = glyph_width(digit, lettering);
  const int left = (kCanvasWidth - width) / 2;
  const int gap = lettering.thickness / 2 + static_cast<int>(random.below(12));
  write_digit(canvas, digit, lettering, left);
  if (chance(random, 0.6)) {
    const int neighbour = static_cast<int>(random.below(10));
    write_digit(canvas, neighbour, lettering, left - gap - glyph_width(neighbour, lettering));
  }
  if (chance(random, 0.6)) {
    write_digit(canvas, static_cast<int>(random.below(10)), lettering, left + width + gap);
  }
  return canvas;
}

/// @returns the homography from the canvas to the large picture: stretch, slant, rotation,
/// shift and perspective.
cv::Matx33d choose_view(core::CounterRandom& random) {
  const double height = random.uniform(0.62, 0.98) * kLarge / kGlyphHeight;
  const double width = height * random.uniform(0.55, 1.2);
  const double angle = std::clamp(random.normal() * 6.0, -16.0, 16.0) * std::numbers::pi / 180.0;
  const double slant = std::clamp(random.normal() * 0.12, -0.3, 0.3);
  const double cosine = std::cos(angle);
  const double sine = std::sin(angle);
  const cv::Matx33d to_origin(1, 0, -kCanvasWidth / 2.0, 0, 1, -kCanvasHeight / 2.0, 0, 0, 1);
  const cv::Matx33d stretch(width, slant * width, 0, 0, height, 0, 0, 0, 1);
  const cv::Matx33d rotation(cosine, -sine, 0, sine, cosine, 0, 0, 0, 1);
  const cv::Matx33d tilt(1, 0, 0, 0, 1, 0, random.uniform(-0.003, 0.003), random.uniform(-0.003, 0.003), 1);
  const double x = kLarge / 2.0 + random.uniform(-0.06, 0.06) * kLarge;
  const double y = kLarge / 2.0 + random.uniform(-0.06, 0.06) * kLarge;
  return cv::Matx33d(1, 0, x, 0, 1, y, 0, 0, 1) * tilt * rotation * stretch * to_origin;
}

/// @returns CV_32FC1: the coverage of each pixel by strokes; the digit in the middle, neighbours beside it.
cv::Mat draw_ink(int digit, core::CounterRandom& random) {
  const cv::Mat canvas = write_number(digit, random);
  cv::Mat large;
  cv::warpPerspective(canvas, large, choose_view(random), {kLarge, kLarge}, cv::INTER_LINEAR);
  cv::Mat small;
  cv::resize(large, small, {kPictureSide, kPictureSide}, 0, 0, cv::INTER_AREA);
  cv::Mat ink;
  small.convertTo(ink, CV_32F, 1.0 / 255.0);
  return ink;
}

using Colour = cv::Vec3f;

double luma(const Colour& c) {
  return 0.299 * c[0] + 0.587 * c[1] + 0.114 * c[2];
}

/// @returns a colour of this brightness, mostly greyish like paint, brick and metal.
Colour choose_colour(double brightness, core::CounterRandom& random) {
  const double strength = chance(random, 0.25) ? 0.4 : 0.1;
  const double warmth = random.uniform(-strength, strength);
  const double green = random.uniform(-strength, strength) * 0.35;
  const Colour tint(static_cast<float>(warmth), static_cast<float>(green), static_cast<float>(-warmth));
  const auto lift = static_cast<float>(brightness - luma(tint));
  Colour colour;
  for (int c = 0; c < 3; ++c) colour[c] = std::clamp(tint[c] + lift, 0.0F, 1.0F);
  return colour;
}

/// Calls `change(pixel, u, v)` for every pixel; u runs along the direction `angle`, v across it,
/// both about -0.7..0.7.
template <typename Change>
void along_direction(cv::Mat& picture, double angle, Change change) {
  const double cosine = std::cos(angle);
  const double sine = std::sin(angle);
  for (int y = 0; y < picture.rows; ++y) {
    auto* row = picture.ptr<Colour>(y);
    for (int x = 0; x < picture.cols; ++x) {
      const double px = (x + 0.5) / kPictureSide - 0.5;
      const double py = (y + 0.5) / kPictureSide - 0.5;
      change(row[x], px * cosine + py * sine, py * cosine - px * sine);
    }
  }
}

/// Gives one side of a line another colour, like the end of a wall, a door frame or the edge of a plate.
void divide_ground(cv::Mat& ground, double brightness, core::CounterRandom& random) {
  const Colour other = choose_colour(brightness + random.uniform(-0.25, 0.25), random);
  const double position = random.uniform(0.2, 0.5);
  const double quarter = static_cast<double>(random.below(4)) * std::numbers::pi / 2.0;
  along_direction(ground, quarter + random.uniform(-0.15, 0.15), [&](Colour& pixel, double u, double) {
    const auto share = static_cast<float>(std::clamp((u - position) * kPictureSide + 0.5, 0.0, 1.0));
    pixel = pixel * (1.0F - share) + other * share;
  });
}

/// Adds stucco and dirt: a coarse random field, enlarged.
void roughen(cv::Mat& ground, core::CounterRandom& random) {
  const double strength = random.uniform(0.0, 0.06);
  cv::Mat coarse(8, 8, CV_32FC1);
  for (int i = 0; i < 64; ++i)
    coarse.at<float>(i / 8, i % 8) = static_cast<float>(strength * random.normal());
  cv::Mat field;
  cv::resize(coarse, field, ground.size(), 0, 0, cv::INTER_CUBIC);
  cv::Mat channels;
  cv::merge(std::vector<cv::Mat>{field, field, field}, channels);
  ground += channels;
}

cv::Mat repeat_channels(const cv::Mat& one) {
  cv::Mat three;
  cv::cvtColor(one, three, cv::COLOR_GRAY2RGB);
  return three;
}

/// Adds the shadow of raised digits on the wall.
void cast_shadow(cv::Mat& ground, const cv::Mat& ink, core::CounterRandom& random) {
  const cv::Matx23d move(1, 0, random.uniform(-2.0, 2.0), 0, 1, random.uniform(0.5, 2.0));
  cv::Mat shade;
  cv::warpAffine(ink, shade, move, ink.size());
  cv::GaussianBlur(shade, shade, {3, 3}, random.uniform(0.4, 1.0));
  shade.convertTo(shade, CV_32F, -random.uniform(0.2, 0.5), 1.0);
  cv::multiply(ground, repeat_channels(shade), ground);
}

/// @returns the brightness of the strokes: lighter or darker than the ground, sometimes only slightly.
double choose_ink_brightness(double ground, core::CounterRandom& random) {
  const double contrast = chance(random, 0.25) ? random.uniform(0.1, 0.22) : random.uniform(0.22, 0.65);
  const bool lighter = chance(random, 1.0 - ground);
  const double brightness = lighter ? ground + contrast : ground - contrast;
  return std::clamp(brightness, 0.02, 0.98);
}

void light_unevenly(cv::Mat& picture, core::CounterRandom& random) {
  const double slope = random.uniform(0.0, 0.5);
  const double angle = random.uniform(0.0, 2.0 * std::numbers::pi);
  const double corner = chance(random, 0.3) ? random.uniform(0.2, 0.8) : 0.0;
  along_direction(picture, angle, [&](Colour& pixel, double u, double v) {
    pixel *= static_cast<float>((1.0 + slope * u) * (1.0 - corner * (u * u + v * v)));
  });
}

/// Adds the edge of a roof's or tree's shadow across the sign.
void shade_half(cv::Mat& picture, core::CounterRandom& random) {
  const double depth = random.uniform(0.25, 0.55);
  const double position = random.uniform(-0.3, 0.3);
  const double softness = random.uniform(0.03, 0.15);
  along_direction(picture, random.uniform(0.0, 2.0 * std::numbers::pi), [&](Colour& pixel, double u, double) {
    const double share = std::clamp((u - position) / softness + 0.5, 0.0, 1.0);
    pixel *= static_cast<float>(1.0 - depth * share);
  });
}

void blur_by_motion(cv::Mat& picture, core::CounterRandom& random) {
  constexpr int kSize = 5;
  cv::Mat kernel = cv::Mat::zeros(kSize, kSize, CV_32FC1);
  const double angle = random.uniform(0.0, std::numbers::pi);
  const double reach = random.uniform(0.8, 2.0);
  for (int step = -8; step <= 8; ++step) {
    const double t = reach * step / 8.0;
    const int x = static_cast<int>(std::lround(2.0 + t * std::cos(angle)));
    const int y = static_cast<int>(std::lround(2.0 + t * std::sin(angle)));
    kernel.at<float>(y, x) += 1.0F / 17.0F;
  }
  cv::filter2D(picture, picture, -1, kernel, {-1, -1}, 0, cv::BORDER_REPLICATE);
}

/// Lowers the resolution: most real crops were smaller than 32 pixels and were enlarged.
void lose_resolution(cv::Mat& picture, core::CounterRandom& random) {
  const int side = 13 + static_cast<int>(random.below(18));
  cv::Mat small;
  cv::resize(picture, small, {side, side}, 0, 0, cv::INTER_AREA);
  cv::resize(small, picture, picture.size(), 0, 0, chance(random, 0.5) ? cv::INTER_LINEAR : cv::INTER_CUBIC);
}

/// @returns an approximate standard normal deviate from the sum of four bytes, many times cheaper than an
/// exact one.
float grain(std::uint32_t word) {
  const std::uint32_t sum = (word & 0xFFU) + (word >> 8 & 0xFFU) + (word >> 16 & 0xFFU) + (word >> 24);
  return (static_cast<float>(sum) - 510.0F) / 147.8F;
}

void add_noise(cv::Mat& picture, core::CounterRandom& random) {
  const auto strength = static_cast<float>(random.uniform(0.0, 0.035));
  for (int y = 0; y < picture.rows; ++y) {
    auto* row = picture.ptr<Colour>(y);
    for (int x = 0; x < picture.cols; ++x) {
      for (int c = 0; c < 3; ++c) row[x][c] += strength * grain(random.next_u32());
    }
  }
}

/// Halves the resolution of colour but not of brightness, like JPEG.
void soften_colour(cv::Mat& picture) {
  cv::Mat grey;
  cv::cvtColor(picture, grey, cv::COLOR_RGB2GRAY);
  const cv::Mat brightness = repeat_channels(grey);
  cv::Mat colour = picture - brightness;
  cv::Mat half;
  cv::resize(colour, half, picture.size() / 2, 0, 0, cv::INTER_AREA);
  cv::resize(half, colour, picture.size(), 0, 0, cv::INTER_LINEAR);
  picture = brightness + colour;
}

/// @returns CV_32FC3: the sign on its wall, with colours and cast shadow.
cv::Mat paint_sign(const cv::Mat& ink, core::CounterRandom& random) {
  const double brightness = random.uniform(0.12, 0.9);
  const Colour base = choose_colour(brightness, random);
  cv::Mat ground(ink.size(), CV_32FC3, cv::Scalar(base[0], base[1], base[2]));
  if (chance(random, 0.35)) divide_ground(ground, brightness, random);
  roughen(ground, random);
  if (chance(random, 0.3)) cast_shadow(ground, ink, random);
  const Colour paint = choose_colour(choose_ink_brightness(brightness, random), random);
  const cv::Mat strokes(ink.size(), CV_32FC3, cv::Scalar(paint[0], paint[1], paint[2]));
  cv::Mat picture;
  cv::blendLinear(strokes, ground, ink, 1.0 - ink, picture);
  return picture;
}

/// Degrades the clean picture to a poor photograph: uneven light, blur, low resolution, noise, soft colours.
/// @param picture CV_32FC3, changed in place; may leave [0, 1].
void photograph(cv::Mat& picture, core::CounterRandom& random) {
  light_unevenly(picture, random);
  if (chance(random, 0.2)) shade_half(picture, random);
  cv::GaussianBlur(picture, picture, {5, 5}, random.uniform(0.4, 1.5), 0, cv::BORDER_REPLICATE);
  if (chance(random, 0.2)) blur_by_motion(picture, random);
  if (chance(random, 0.6)) lose_resolution(picture, random);
  add_noise(picture, random);
  soften_colour(picture);
}

void draw_picture(int digit, core::CounterRandom& random, std::uint8_t* pixels) {
  cv::Mat picture = paint_sign(draw_ink(digit, random), random);
  photograph(picture, random);
  cv::Mat target(kPictureSide, kPictureSide, CV_8UC3, pixels);
  picture.convertTo(target, CV_8U, 255.0);
}

}  // namespace

RawDigits make_synthetic(std::int64_t n, std::uint64_t seed, unsigned threads) {
  if (n < 1 || n > kMaxImages) {
    throw core::Error(core::ExitCode::usage, "cannot draw " + std::to_string(n) + " synthetic digits",
                      "ask for 1 to " + std::to_string(kMaxImages));
  }
  RawDigits digits;
  digits.images.resize(static_cast<std::size_t>(n * kImageBytes));
  digits.labels.resize(static_cast<std::size_t>(n));
  core::parallel_for(n, threads, [&digits, seed](std::int64_t row) {
    static const std::uint64_t stream = core::stream_id("synthetic digits");
    core::CounterRandom random(seed, stream, static_cast<std::uint64_t>(row));
    const int label = static_cast<int>(random.below(kClasses));
    digits.labels[static_cast<std::size_t>(row)] = label;
    draw_picture(digit_of_class(label), random, digits.images.data() + row * kImageBytes);
  });
  return digits;
}

}  // namespace svhn::data
