#pragma once
/// The corruptions, one function each: makes the change of a severity, 1 to 5. The order of the random draws
/// is part of the result.

#include <array>

#include "data/corrupt/corrupter.h"

namespace svhn::data {

/// A constant for each severity. @returns that of one of them.
template <typename Value>
const Value& of_severity(const std::array<Value, kSeverities>& constants, int severity) {
  return constants[static_cast<std::size_t>(severity - 1)];
}

Change make_gaussian_noise(int severity);
Change make_shot_noise(int severity);
Change make_impulse_noise(int severity);
Change make_defocus_blur(int severity);
Change make_glass_blur(int severity);
Change make_motion_blur(int severity);
Change make_zoom_blur(int severity);
Change make_snow(int severity);
Change make_frost(int severity);
Change make_fog(int severity);
Change make_brightness(int severity);
Change make_contrast(int severity);
Change make_elastic(int severity);
Change make_pixelate(int severity);
Change make_jpeg(int severity);

}  // namespace svhn::data
