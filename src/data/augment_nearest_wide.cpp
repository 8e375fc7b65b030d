#include <algorithm>
#include <cstring>

#include "augment_nearest.h"
#include "svhn/compute/vector_clones.h"

namespace svhn::data {

#if SVHN_X86_TARGETS
namespace {

#define SVHN_WIDE [[gnu::target("arch=x86-64-v4")]]

constexpr std::int32_t kHalf = kTileSide / 2;
constexpr std::int64_t kPlane = kTileSide * kTileSide;

using Floats [[gnu::vector_size(64), gnu::may_alias]] = float;
using Whole [[gnu::vector_size(64), gnu::may_alias]] = std::int32_t;
using Words [[gnu::vector_size(64), gnu::may_alias]] = std::uint32_t;

/// On one axis: the pixel before each place, counted from the middle, and how far beyond it the place lies.
struct Taps {
  Whole low;
  Floats share;
};

SVHN_WIDE SVHN_INLINE void find_taps(std::uint32_t first, const std::uint32_t* steps, Taps& taps) {
  const auto sum = *reinterpret_cast<const Words*>(steps) + first;
  auto place = reinterpret_cast<Whole>(sum);
  place = place > FixedPlaces::kLowest ? place : FixedPlaces::kLowest - Whole{};
  place = place < FixedPlaces::kHighest ? place : FixedPlaces::kHighest - Whole{};
  constexpr float kUnit = 1.0F / static_cast<float>(FixedPlaces::kOne);
  taps.low = place >> FixedPlaces::kFractionBits;
  taps.share = __builtin_convertvector(place & (FixedPlaces::kOne - 1), Floats) * kUnit;
}

/// How half a row of the result is read.
struct Reading {
  Taps y, x;
  Whole next;   ///< The column after x.low.
  int top = 0;  ///< The first row of all that are read.
};

/// @param line a row of the image.
SVHN_WIDE SVHN_INLINE void mix_columns(const float* line, const Reading& at, Floats& mixed) {
  const auto* halves = reinterpret_cast<const Floats*>(line);
  // Counted from the middle, columns are numbers modulo 32 of the right half with the left half behind it.
  const Floats left = __builtin_shuffle(halves[1], halves[0], at.x.low);
  const Floats right = __builtin_shuffle(halves[1], halves[0], at.next);
  mixed = left + at.x.share * (right - left);
}

/// @param rows that a half row of the result may need, besides the one below the last.
SVHN_WIDE SVHN_INLINE void read_half(const float* plane, const Reading& at, int rows, float* out) {
  Floats upper, result{};
  mix_columns(plane + at.top * kTileSide, at, upper);
  for (int row = at.top; row < at.top + rows; ++row) {
    Floats lower;
    mix_columns(plane + std::min(row + 1, kTileSide - 1) * kTileSide, at, lower);
    const Floats mixed = upper + at.y.share * (lower - upper);
    result = at.y.low == row - kHalf ? mixed : result;
    upper = lower;
  }
  std::memcpy(out, &result, sizeof(result));
}

/// @returns in how many rows 16 neighbours can lie.
SVHN_WIDE int rows_of(const FixedPlaces& places) {
  int rows = 1;
  for (std::size_t half = 0; half < kTileSide; half += kHalf) {
    const auto way = static_cast<std::int32_t>(places.down[half + kHalf - 1] - places.down[half]);
    rows = std::max(rows, (std::abs(way) >> FixedPlaces::kFractionBits) + 2);
  }
  return std::min(rows, kTileSide);
}

/// @param half of the rows: 0..63.
SVHN_WIDE SVHN_INLINE void find_reading(const FixedPlaces& places, std::size_t half, Reading& at) {
  const std::size_t row = half / 2, first = half % 2 * kHalf;
  find_taps(places.row[row], &places.down[first], at.y);
  find_taps(places.column[row], &places.right[first], at.x);
  at.next = at.x.low + 1;
  at.next = at.next < kHalf ? at.next : kHalf - 1 - Whole{};
  at.top = std::min(at.y.low[0], at.y.low[kHalf - 1]) + kHalf;
}

SVHN_WIDE SVHN_INLINE void copy_planes(const float* from, std::int64_t count, float* to) {
  for (std::int64_t i = 0; i < count * kPlane; i += kHalf) std::memcpy(to + i, from + i, sizeof(Floats));
}

SVHN_WIDE void transform_wide(float* chw, std::int64_t channels, const FixedPlaces& places) {
  constexpr std::int64_t kMost = 3;
  alignas(64) float source[kMost * kPlane];
  const int rows = rows_of(places);
  for (std::int64_t done = 0; done < channels; done += kMost, chw += kMost * kPlane) {
    const std::int64_t count = std::min(kMost, channels - done);
    copy_planes(chw, count, source);
    for (std::size_t half = 0; half < 2 * kTileSide; ++half) {
      Reading at;
      find_reading(places, half, at);
      for (std::int64_t c = 0; c < count * kPlane; c += kPlane) {
        read_half(source + c, at, rows, chw + c + half * kHalf);
      }
    }
  }
}

}  // namespace

TileTransform wide_tile_transform() {
  return compute::runs_v4() ? transform_wide : nullptr;
}
#else
TileTransform wide_tile_transform() {
  return nullptr;
}
#endif

}  // namespace svhn::data
