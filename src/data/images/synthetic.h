#pragma once
/// Synthetic digits for machines without the real data set; every output must call them synthetic.

#include <cstdint>

#include "data/source.h"

namespace svhn::data {

/// Draws house-number-like digits: stroke fonts of many weights on plain or divided grounds, light on dark
/// and dark on light, in perspective, unevenly lit, blurred, noisy, with neighbouring digits cut off at the
/// sides. An image depends only on (seed, row), so a longer set starts with the images of a shorter one, for
/// any number of threads.
/// @param n number of images, 1 to 10,000,000.
/// @param seed any number.
/// @param threads number of threads; 0: one per processor.
/// @returns images u8 [n,32,32,3] and labels as class indices (LabelRule::index), uniform over
/// the ten classes.
/// @throws core::Error(usage) for n out of range.
RawDigits make_synthetic(std::int64_t n, std::uint64_t seed, unsigned threads = 0);

}  // namespace svhn::data
