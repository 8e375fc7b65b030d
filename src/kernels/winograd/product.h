#pragma once
/// The products of transformed windows and kernels, a block of registers at a time.

#include "kernels/winograd/kernels.h"
#include "kernels/winograd/lanes.h"

namespace svhn::kernels {

/// Rows x Columns lanes of c, in registers while the depth is walked.
template <class Lanes, int Rows, int Columns>
SVHN_INLINE void multiply_block(const PlaceProduct& p, std::int64_t row, std::int64_t column) {
  using Word = typename Lanes::Word;
  constexpr std::int64_t kWidth = Lanes::kWidth;
  const Word* a = static_cast<const Word*>(p.a) + row * p.row_stride;
  const Word* b = static_cast<const Word*>(p.b) + column;
  float* c = p.c + row * p.columns + column;
  LaneOf<Lanes> sums[Rows][Columns];
  for (int r = 0; r < Rows; ++r) {
    for (int i = 0; i < Columns; ++i)
      sums[r][i] = p.add ? Lanes::at(c + r * p.columns + i * kWidth) : LaneOf<Lanes>{};
  }
  for (std::int64_t d = 0; d < p.depth; ++d, a += p.depth_stride, b += p.columns) {
    LaneOf<Lanes> right[Columns];
    for (int i = 0; i < Columns; ++i) right[i] = *reinterpret_cast<const LaneOf<Lanes>*>(b + i * kWidth);
#pragma GCC unroll 16
    for (int r = 0; r < Rows; ++r) {
      LaneOf<Lanes> left;
      Lanes::spread(a[r * p.row_stride], left);
      for (int i = 0; i < Columns; ++i) Lanes::multiply_add(left, right[i], sums[r][i]);
    }
  }
  for (int r = 0; r < Rows; ++r) {
    for (int i = 0; i < Columns; ++i) Lanes::at(c + r * p.columns + i * kWidth) = sums[r][i];
  }
}

template <class Lanes, int Rows, int Columns>
SVHN_INLINE void multiply_columns(const PlaceProduct& p, std::int64_t column) {
  constexpr int kFew = 4;
  std::int64_t row = 0;
  for (; row + Rows <= p.rows; row += Rows) multiply_block<Lanes, Rows, Columns>(p, row, column);
  for (; row + kFew <= p.rows; row += kFew) multiply_block<Lanes, kFew, Columns>(p, row, column);
}

/// Rows come in fours, columns in lanes.
template <class Lanes, int Rows, int Columns>
SVHN_INLINE void multiply(const PlaceProduct& p) {
  std::int64_t column = 0;
  for (; column + Columns * Lanes::kWidth <= p.columns; column += Columns * Lanes::kWidth) {
    multiply_columns<Lanes, Rows, Columns>(p, column);
  }
  if (column < p.columns) multiply_columns<Lanes, Rows, 1>(p, column);
}

}  // namespace svhn::kernels
