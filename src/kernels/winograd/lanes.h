#pragma once
/// Winograd's transforms of as many channels as a register holds, a Lane. All of it is inlined into functions
/// that are compiled for one instruction set.

#include "core/vector_clones.h"
#include "kernels/vectors.h"
#include "kernels/winograd/tiles.h"

namespace svhn::kernels {

/// `Width` floats. Always by reference: a value would be passed differently by each instruction set; and no
/// wider than its registers, as compilers keep in memory what is.
template <int Width>
struct Registers {
  using Lane = typename VectorOf<Width>::Float;
  static constexpr std::int64_t kWidth = Width;

  SVHN_INLINE static const Lane& at(const float* x) { return *reinterpret_cast<const Lane*>(x); }
  SVHN_INLINE static Lane& at(float* x) { return *reinterpret_cast<Lane*>(x); }
};

template <class Lanes>
using LaneOf = typename Lanes::Lane;

/// B' d of a column.
template <class Lanes>
SVHN_INLINE void transform_column(const LaneOf<Lanes> (&d)[4], LaneOf<Lanes> (&t)[4]) {
  t[0] = d[0] - d[2];
  t[1] = d[1] + d[2];
  t[2] = d[2] - d[1];
  t[3] = d[1] - d[3];
}

/// Row `i` of t B, the window whose columns start at `t`.
template <class Lanes>
SVHN_INLINE void transform_row(const LaneOf<Lanes> (*t)[4], int i, LaneOf<Lanes> (&v)[4]) {
  const LaneOf<Lanes> column[4] = {t[0][i], t[1][i], t[2][i], t[3][i]};
  transform_column<Lanes>(column, v);
}

/// A g A' of a 2x2 tile.
template <class Lanes>
SVHN_INLINE void transform_gradient(const LaneOf<Lanes> (&g)[4], LaneOf<Lanes> (&m)[kPlaces]) {
  const LaneOf<Lanes> left[4] = {g[0], g[0] + g[2], g[0] - g[2], -g[2]};
  const LaneOf<Lanes> right[4] = {g[1], g[1] + g[3], g[1] - g[3], -g[3]};
  for (int i = 0; i < 4; ++i) {
    m[4 * i] = left[i];
    m[4 * i + 1] = left[i] + right[i];
    m[4 * i + 2] = left[i] - right[i];
    m[4 * i + 3] = -right[i];
  }
}

/// A' m A, a 2x2 tile.
template <class Lanes>
SVHN_INLINE void transform_output(const LaneOf<Lanes> (&m)[kPlaces], LaneOf<Lanes> (&y)[4]) {
  LaneOf<Lanes> top[4], bottom[4];
  for (int i = 0; i < 4; ++i) {
    const LaneOf<Lanes> sum = m[4 + i] + m[8 + i], difference = m[4 + i] - m[8 + i];
    top[i] = m[i] + sum;
    bottom[i] = difference - m[12 + i];
  }
  y[0] = top[0] + (top[1] + top[2]);
  y[1] = (top[1] - top[2]) - top[3];
  y[2] = bottom[0] + (bottom[1] + bottom[2]);
  y[3] = (bottom[1] - bottom[2]) - bottom[3];
}

/// G g of a column.
template <class Lanes>
SVHN_INLINE void expand(const LaneOf<Lanes>& a, const LaneOf<Lanes>& b, const LaneOf<Lanes>& c,
                        LaneOf<Lanes> (&u)[4]) {
  const LaneOf<Lanes> sum = 0.5F * (a + c), half = 0.5F * b;
  u[0] = a;
  u[1] = sum + half;
  u[2] = sum - half;
  u[3] = c;
}

/// G g G'.
template <class Lanes>
SVHN_INLINE void transform_kernel(const LaneOf<Lanes> (&g)[9], LaneOf<Lanes> (&u)[kPlaces]) {
  LaneOf<Lanes> rows[3][4];  // Of the columns of g.
  for (int i = 0; i < 3; ++i) expand<Lanes>(g[i], g[3 + i], g[6 + i], rows[i]);
  for (int i = 0; i < 4; ++i) {
    LaneOf<Lanes> row[4];
    expand<Lanes>(rows[0][i], rows[1][i], rows[2][i], row);
    for (int k = 0; k < 4; ++k) u[4 * i + k] = row[k];
  }
}

/// G' u of a column.
template <class Lanes>
SVHN_INLINE void contract(const LaneOf<Lanes>& a, const LaneOf<Lanes>& b, const LaneOf<Lanes>& c,
                          const LaneOf<Lanes>& d, LaneOf<Lanes> (&g)[3]) {
  const LaneOf<Lanes> half = 0.5F * (b + c);
  g[0] = a + half;
  g[1] = 0.5F * (b - c);
  g[2] = half + d;
}

/// G' u G.
template <class Lanes>
SVHN_INLINE void restore_kernel(const LaneOf<Lanes> (&u)[kPlaces], LaneOf<Lanes> (&g)[9]) {
  LaneOf<Lanes> rows[4][3];
  for (int i = 0; i < 4; ++i) contract<Lanes>(u[i], u[4 + i], u[8 + i], u[12 + i], rows[i]);
  for (int i = 0; i < 3; ++i) {
    LaneOf<Lanes> row[3];
    contract<Lanes>(rows[0][i], rows[1][i], rows[2][i], rows[3][i], row);
    for (int k = 0; k < 3; ++k) g[3 * i + k] = row[k];
  }
}

}  // namespace svhn::kernels
