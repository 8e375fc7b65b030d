#pragma once
/// The three steps of one synthetic picture; all are 32x32, values 0..1, RGB.

#include <opencv2/core.hpp>

#include "core/random.h"

namespace svhn::data::synthetic {

inline constexpr int kPictureSide = 32;

/// @returns CV_32FC1: how much of each pixel is covered by strokes; the digit in the middle, neighbours
/// beside it.
cv::Mat draw_ink(int digit, core::CounterRandom& random);

/// @returns CV_32FC3: the sign with its wall, colours and cast shadow.
cv::Mat paint_sign(const cv::Mat& ink, core::CounterRandom& random);

/// Turns the clean picture into a poor photograph: uneven light, blur, low resolution, noise, soft colours.
/// @param picture CV_32FC3, changed in place; may leave [0, 1].
void photograph(cv::Mat& picture, core::CounterRandom& random);

/// @returns true with this probability.
inline bool chance(core::CounterRandom& random, double probability) {
  return random.uniform() < probability;
}

}  // namespace svhn::data::synthetic
