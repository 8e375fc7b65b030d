#include <algorithm>
#include <cmath>
#include <cstdint>
#include <numbers>
#include <opencv2/imgproc.hpp>
#include <vector>

#include "data/images/synthetic_parts.h"

namespace svhn::data::synthetic {
namespace {

using Colour = cv::Vec3f;

double luma(const Colour& c) {
  return 0.299 * c[0] + 0.587 * c[1] + 0.114 * c[2];
}

/// @returns a colour of this brightness, mostly greyish as paint, brick and metal are.
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

/// Calls `change(pixel, u, v)` for every pixel; u runs along a random direction, v across it, both about
/// -0.7..0.7.
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

/// A wall that ends, a door frame, a plate's edge: the far side of a line has another colour.
void divide_ground(cv::Mat& ground, double brightness, core::CounterRandom& random) {
  const Colour other = choose_colour(brightness + random.uniform(-0.25, 0.25), random);
  const double place = random.uniform(0.2, 0.5);
  const double quarter = static_cast<double>(random.below(4)) * std::numbers::pi / 2.0;
  along_direction(ground, quarter + random.uniform(-0.15, 0.15), [&](Colour& pixel, double u, double) {
    const auto share = static_cast<float>(std::clamp((u - place) * kPictureSide + 0.5, 0.0, 1.0));
    pixel = pixel * (1.0F - share) + other * share;
  });
}

/// Stucco and dirt: a coarse random field drawn large.
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

/// Raised digits shade the wall beside them.
void cast_shadow(cv::Mat& ground, const cv::Mat& ink, core::CounterRandom& random) {
  const cv::Matx23d move(1, 0, random.uniform(-2.0, 2.0), 0, 1, random.uniform(0.5, 2.0));
  cv::Mat shade;
  cv::warpAffine(ink, shade, move, ink.size());
  cv::GaussianBlur(shade, shade, {3, 3}, random.uniform(0.4, 1.0));
  shade.convertTo(shade, CV_32F, -random.uniform(0.2, 0.5), 1.0);
  cv::multiply(ground, repeat_channels(shade), ground);
}

/// @returns the brightness of the strokes: lighter or darker than the ground, now and then hardly so.
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

/// The edge of a roof's or a tree's shadow across the sign.
void shade_half(cv::Mat& picture, core::CounterRandom& random) {
  const double depth = random.uniform(0.25, 0.55);
  const double place = random.uniform(-0.3, 0.3);
  const double softness = random.uniform(0.03, 0.15);
  along_direction(picture, random.uniform(0.0, 2.0 * std::numbers::pi), [&](Colour& pixel, double u, double) {
    const double share = std::clamp((u - place) / softness + 0.5, 0.0, 1.0);
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

/// Most real crops were smaller than 32 pixels and had to be enlarged.
void lose_resolution(cv::Mat& picture, core::CounterRandom& random) {
  const int side = 13 + static_cast<int>(random.below(18));
  cv::Mat small;
  cv::resize(picture, small, {side, side}, 0, 0, cv::INTER_AREA);
  cv::resize(small, picture, picture.size(), 0, 0, chance(random, 0.5) ? cv::INTER_LINEAR : cv::INTER_CUBIC);
}

/// @returns about a standard normal deviate: the sum of four bytes, many times cheaper than an exact one.
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

/// JPEG keeps colour at half the resolution of brightness.
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

}  // namespace

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

void photograph(cv::Mat& picture, core::CounterRandom& random) {
  light_unevenly(picture, random);
  if (chance(random, 0.2)) shade_half(picture, random);
  cv::GaussianBlur(picture, picture, {5, 5}, random.uniform(0.4, 1.5), 0, cv::BORDER_REPLICATE);
  if (chance(random, 0.2)) blur_by_motion(picture, random);
  if (chance(random, 0.6)) lose_resolution(picture, random);
  add_noise(picture, random);
  soften_colour(picture);
}

}  // namespace svhn::data::synthetic
