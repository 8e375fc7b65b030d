#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>
#include <opencv2/imgproc.hpp>
#include <string>

#include "data/images/synthetic_parts.h"

namespace svhn::data::synthetic {
namespace {

// Strokes are drawn three times as large as needed; shrinking by area then smooths every edge.
constexpr int kOversampling = 3;
constexpr int kLarge = kPictureSide * kOversampling;
constexpr int kCanvasWidth = 256;  // Room for the neighbours, most of which the crop cuts away.
constexpr int kCanvasHeight = 128;
constexpr int kGlyphHeight = 64;

/// How one sign writes all its digits.
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

/// @returns the width of the digit as drawn. @param left where its box begins.
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

/// @returns the homography from the canvas to the large picture: stretch, slant, turn, shift and a tilted
/// view.
cv::Matx33d choose_view(core::CounterRandom& random) {
  const double height = random.uniform(0.62, 0.98) * kLarge / kGlyphHeight;
  const double width = height * random.uniform(0.55, 1.2);
  const double angle = std::clamp(random.normal() * 6.0, -16.0, 16.0) * std::numbers::pi / 180.0;
  const double slant = std::clamp(random.normal() * 0.12, -0.3, 0.3);
  const double cosine = std::cos(angle);
  const double sine = std::sin(angle);
  const cv::Matx33d to_origin(1, 0, -kCanvasWidth / 2.0, 0, 1, -kCanvasHeight / 2.0, 0, 0, 1);
  const cv::Matx33d stretch(width, slant * width, 0, 0, height, 0, 0, 0, 1);
  const cv::Matx33d turn(cosine, -sine, 0, sine, cosine, 0, 0, 0, 1);
  const cv::Matx33d tilt(1, 0, 0, 0, 1, 0, random.uniform(-0.003, 0.003), random.uniform(-0.003, 0.003), 1);
  const double x = kLarge / 2.0 + random.uniform(-0.06, 0.06) * kLarge;
  const double y = kLarge / 2.0 + random.uniform(-0.06, 0.06) * kLarge;
  return cv::Matx33d(1, 0, x, 0, 1, y, 0, 0, 1) * tilt * turn * stretch * to_origin;
}

}  // namespace

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

}  // namespace svhn::data::synthetic
