#include <algorithm>
#include <cstring>

#include "core/vector_clones.h"
#include "data/augment/tile.h"

#if SVHN_X86_TARGETS
#include <immintrin.h>
#endif

namespace svhn::data {

#if SVHN_X86_TARGETS
namespace {

#define SVHN_WIDE [[gnu::target("arch=x86-64-v4")]]

#define SVHN_JOINED(a, b) __builtin_shufflevector(a, b, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15)

constexpr std::int32_t kHalf = kTileSide / 2, kQuarter = kTileSide / 4;
constexpr std::int64_t kPlane = kTileSide * kTileSide;

using Floats [[gnu::vector_size(64), gnu::may_alias]] = float;
using Whole [[gnu::vector_size(64), gnu::may_alias]] = std::int32_t;
using Words [[gnu::vector_size(64), gnu::may_alias]] = std::uint32_t;
using Doubles [[gnu::vector_size(64), gnu::may_alias]] = double;
using Longs [[gnu::vector_size(64), gnu::may_alias]] = std::int64_t;
using HalfWhole [[gnu::vector_size(32), gnu::may_alias]] = std::int32_t;
using HalfFloats [[gnu::vector_size(32), gnu::may_alias]] = float;

/// On one axis: the pixel before each coordinate, relative to the middle, and the fraction of the coordinate.
struct AxisTaps {
  Whole low;
  Floats share;
};

/// The input pixels of half an output row.
struct HalfRow {
  AxisTaps y, x;
  Whole next;            ///< The column after x.low.
  int top = 0;           ///< First input row.
  int end = 0;           ///< Row after the last row that contains a coordinate.
  unsigned outside = 0;  ///< One bit per pixel: it is outside the image.
};

template <bool mirrored>
SVHN_WIDE SVHN_INLINE void find_axis_taps(std::uint32_t first, const std::uint32_t* steps, AxisTaps& taps) {
  Words sum = *reinterpret_cast<const Words*>(steps) + first;
  if constexpr (mirrored) {
    const Words beyond = sum + FixedCoordinates::kToMirror, back = -beyond;
    sum = (beyond < back ? beyond : back) - FixedCoordinates::kToMirror;
  }
  auto coordinate = reinterpret_cast<Whole>(sum);
  coordinate = coordinate > FixedCoordinates::kLowest ? coordinate : FixedCoordinates::kLowest - Whole{};
  coordinate = coordinate < FixedCoordinates::kHighest ? coordinate : FixedCoordinates::kHighest - Whole{};
  constexpr float kUnit = 1.0F / static_cast<float>(FixedCoordinates::kOne);
  taps.low = coordinate >> FixedCoordinates::kFractionBits;
  taps.share = __builtin_convertvector(coordinate & (FixedCoordinates::kOne - 1), Floats) * kUnit;
}

/// @param line a row of the image.
SVHN_WIDE SVHN_INLINE void mix_columns(const float* line, const HalfRow& at, Floats& mixed) {
  const auto* halves = reinterpret_cast<const Floats*>(line);
  // Relative to the middle, columns are indices modulo 32 into the right half followed by the left half.
  const Floats left = __builtin_shuffle(halves[1], halves[0], at.x.low);
  const Floats right = __builtin_shuffle(halves[1], halves[0], at.next);
  mixed = left + at.x.share * (right - left);
}

SVHN_WIDE SVHN_INLINE void read_half(const float* plane, const HalfRow& at, Floats& result) {
  Floats upper;
  mix_columns(plane + at.top * kTileSide, at, upper);
  for (int row = at.top; row < at.end; ++row) {
    Floats lower;
    mix_columns(plane + std::min(row + 1, kTileSide - 1) * kTileSide, at, lower);
    const Floats mixed = upper + at.y.share * (lower - upper);
    result = at.y.low == row - kHalf ? mixed : result;
    upper = lower;
  }
}

SVHN_WIDE SVHN_INLINE void find_columns(HalfRow& at) {
  at.next = at.x.low + 1;
  at.next = at.next < kHalf ? at.next : kHalf - 1 - Whole{};
}

SVHN_WIDE SVHN_INLINE int smallest(const Whole& numbers) {
  const Whole lanes{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
  Whole least = numbers;
  for (int distance = kHalf / 2; distance > 0; distance /= 2) {
    const Whole other = __builtin_shuffle(least, lanes ^ distance);
    least = least < other ? least : other;
  }
  return least[0];
}

/// @tparam sorted the rows of a half row are monotonic.
template <bool sorted>
SVHN_WIDE SVHN_INLINE void find_rows(HalfRow& at) {
  const Whole& low = at.y.low;
  at.top = kHalf + (sorted ? std::min(low[0], low[kHalf - 1]) : smallest(low));
  at.end = kHalf + 1 + (sorted ? std::max(low[0], low[kHalf - 1]) : -smallest(-low));
}

/// Coordinates of 32x32 pixels in fixed point.
template <bool mirrored>
class ContinuousReader {
 public:
  explicit ContinuousReader(const FixedCoordinates& coordinates) : coordinates_(coordinates) {}

  /// @param half index of the half row: 0..63.
  SVHN_WIDE SVHN_INLINE void find(std::size_t half, HalfRow& at) const {
    const std::size_t row = half / 2, first = half % 2 * kHalf;
    find_axis_taps<mirrored>(coordinates_.row[row], &coordinates_.down[first], at.y);
    find_axis_taps<mirrored>(coordinates_.column[row], &coordinates_.right[first], at.x);
    find_columns(at);
    find_rows<!mirrored>(at);
  }
  static constexpr bool kHasOutside = false;

 private:
  const FixedCoordinates& coordinates_;
};

/// @see wrapped in rows.cpp
SVHN_WIDE SVHN_INLINE void wrap(Doubles& coordinate) {
  constexpr double kPeriod = kTileSide - 1;
  const Longs turns = __builtin_convertvector(coordinate / kPeriod, Longs);
  const Doubles truncated =
      __builtin_convertvector(turns, Doubles);  // Truncated, so that -trunc(x) = trunc(-x).
  const Doubles raised = coordinate + kPeriod * (1.0 - truncated), lowered = coordinate - kPeriod * truncated;
  coordinate = coordinate < 0.0 ? raised : (coordinate > kPeriod ? lowered : coordinate);
}

/// Coordinates of 32x32 pixels computed as in scipy, since the last bit decides at the discontinuities
/// of the fill.
template <Fill fill>
class DiscontinuousReader {
 public:
  explicit DiscontinuousReader(const AffineTransform& transform)
      : m_(transform.matrix), value_(transform.fill_value) {}

  SVHN_WIDE SVHN_INLINE void find(std::size_t half, HalfRow& at) const {
    find_axis(m_.data(), half, at.y, at.outside);
    find_axis(m_.data() + 3, half, at.x, at.outside);
    find_columns(at);
    find_rows<fill == Fill::constant>(at);
  }
  static constexpr bool kHasOutside = fill == Fill::constant;
  [[nodiscard]] float value() const { return value_; }

 private:
  struct QuarterRow {
    HalfWhole low;
    HalfFloats share;
    unsigned outside = 0;  ///< One bit per pixel: it is outside the image.
  };

  /// Uses intrinsics where GCC would split a register into halves; zeroing forms, since GCC warns
  /// about the others.
  /// @param column first of eight neighbouring columns.
  SVHN_WIDE SVHN_INLINE static void find_part(const double* m, std::size_t row, std::size_t column,
                                              QuarterRow& part) {
    constexpr double kLast = kTileSide - 1;
    constexpr __mmask8 kAll = 0xFF;
    const Doubles columns = Doubles{0, 1, 2, 3, 4, 5, 6, 7} + static_cast<double>(column);
    Doubles coordinate = static_cast<double>(row) * m[0] + columns * m[1] + m[2];
    if constexpr (fill == Fill::wrap) wrap(coordinate);
    if constexpr (fill == Fill::constant) {
      part.outside = _mm512_cmp_pd_mask(coordinate, Doubles{}, _CMP_LT_OQ) |
                     _mm512_cmp_pd_mask(coordinate, Doubles{} + kLast, _CMP_GT_OQ);
    }
    coordinate =
        _mm512_maskz_min_pd(kAll, _mm512_maskz_max_pd(kAll, coordinate, Doubles{}), Doubles{} + kLast);
    const __m256i pixel = _mm512_maskz_cvttpd_epi32(kAll, coordinate);
    part.low = reinterpret_cast<HalfWhole>(pixel) - kHalf;
    part.share = _mm512_maskz_cvtpd_ps(kAll, coordinate - _mm512_maskz_cvtepi32_pd(kAll, pixel));
  }

  SVHN_WIDE SVHN_INLINE static void find_axis(const double* m, std::size_t half, AxisTaps& taps,
                                              unsigned& outside) {
    QuarterRow left, right;
    find_part(m, half / 2, half % 2 * kHalf, left);
    find_part(m, half / 2, half % 2 * kHalf + kQuarter, right);
    // Joined in registers; a load behind two stores would stall.
    taps.low = SVHN_JOINED(left.low, right.low);
    taps.share = SVHN_JOINED(left.share, right.share);
    outside |= left.outside | right.outside << kQuarter;
  }

  const AffineMatrix& m_;
  float value_;
};

SVHN_WIDE SVHN_INLINE void copy_planes(const float* from, std::int64_t count, float* to) {
  for (std::int64_t i = 0; i < count * kPlane; i += kHalf) std::memcpy(to + i, from + i, sizeof(Floats));
}

template <class Reader>
SVHN_WIDE SVHN_INLINE void transform_wide(float* chw, std::int64_t channels, const Reader& reader) {
  constexpr std::int64_t kMaxChannels = 3;
  alignas(64) float source[kMaxChannels * kPlane];
  for (std::int64_t done = 0; done < channels; done += kMaxChannels, chw += kMaxChannels * kPlane) {
    const std::int64_t count = std::min(kMaxChannels, channels - done);
    copy_planes(chw, count, source);
    for (std::size_t half = 0; half < 2 * kTileSide; ++half) {
      HalfRow at;
      reader.find(half, at);
      for (std::int64_t c = 0; c < count * kPlane; c += kPlane) {
        Floats result{};
        read_half(source + c, at, result);
        if constexpr (Reader::kHasOutside) {
          result = _mm512_mask_mov_ps(result, static_cast<__mmask16>(at.outside), Floats{} + reader.value());
        }
        std::memcpy(chw + c + half * kHalf, &result, sizeof(result));
      }
    }
  }
}

SVHN_WIDE void continuous_wide(float* chw, std::int64_t channels, const FixedCoordinates& coordinates) {
  if (coordinates.mirrored) return transform_wide(chw, channels, ContinuousReader<true>(coordinates));
  transform_wide(chw, channels, ContinuousReader<false>(coordinates));
}

SVHN_WIDE void discontinuous_wide(float* chw, const AffineTransform& t) {
  if (t.fill == Fill::wrap) return transform_wide(chw, t.shape.channels, DiscontinuousReader<Fill::wrap>(t));
  transform_wide(chw, t.shape.channels, DiscontinuousReader<Fill::constant>(t));
}

}  // namespace

const WideTile* wide_tile() {
  static constexpr WideTile kWide{continuous_wide, discontinuous_wide};
  return core::runs_v4() ? &kWide : nullptr;
}
#else
const WideTile* wide_tile() {
  return nullptr;
}
#endif

}  // namespace svhn::data
