#pragma once
/// 16 channels at a time, and Winograd's transforms of them. All of it is inlined into functions that are
/// compiled for one instruction set.

#include "svhn/compute/vector_clones.h"
#include "winograd_tiles.h"

namespace svhn::compute {

/// 16 floats, in as few registers as the instruction set has for them. Always by reference: a value would be
/// passed differently by each instruction set.
using Lane = float __attribute__((vector_size(64), aligned(4), may_alias));

SVHN_INLINE const Lane& lane_at(const float* x) {
  return *reinterpret_cast<const Lane*>(x);
}

SVHN_INLINE Lane& lane_at(float* x) {
  return *reinterpret_cast<Lane*>(x);
}

/// B' d of a column.
SVHN_INLINE void transform_column(const Lane (&d)[4], Lane (&t)[4]) {
  t[0] = d[0] - d[2];
  t[1] = d[1] + d[2];
  t[2] = d[2] - d[1];
  t[3] = d[1] - d[3];
}

/// Row `i` of t B, the window whose columns start at `t`.
SVHN_INLINE void transform_row(const Lane (*t)[4], int i, Lane (&v)[4]) {
  const Lane column[4] = {t[0][i], t[1][i], t[2][i], t[3][i]};
  transform_column(column, v);
}

/// A g A' of a 2x2 tile.
SVHN_INLINE void transform_gradient(const Lane (&g)[4], Lane (&m)[kPlaces]) {
  const Lane left[4] = {g[0], g[0] + g[2], g[0] - g[2], -g[2]};
  const Lane right[4] = {g[1], g[1] + g[3], g[1] - g[3], -g[3]};
  for (int i = 0; i < 4; ++i) {
    m[4 * i] = left[i];
    m[4 * i + 1] = left[i] + right[i];
    m[4 * i + 2] = left[i] - right[i];
    m[4 * i + 3] = -right[i];
  }
}

/// A' m A, a 2x2 tile.
SVHN_INLINE void transform_output(const Lane (&m)[kPlaces], Lane (&y)[4]) {
  Lane top[4], bottom[4];
  for (int i = 0; i < 4; ++i) {
    const Lane sum = m[4 + i] + m[8 + i], difference = m[4 + i] - m[8 + i];
    top[i] = m[i] + sum;
    bottom[i] = difference - m[12 + i];
  }
  y[0] = top[0] + (top[1] + top[2]);
  y[1] = (top[1] - top[2]) - top[3];
  y[2] = bottom[0] + (bottom[1] + bottom[2]);
  y[3] = (bottom[1] - bottom[2]) - bottom[3];
}

/// G g of a column.
SVHN_INLINE void expand(const Lane& a, const Lane& b, const Lane& c, Lane (&u)[4]) {
  const Lane sum = 0.5F * (a + c), half = 0.5F * b;
  u[0] = a;
  u[1] = sum + half;
  u[2] = sum - half;
  u[3] = c;
}

/// G g G'.
SVHN_INLINE void transform_kernel(const Lane (&g)[9], Lane (&u)[kPlaces]) {
  Lane rows[3][4];  // Of the columns of g.
  for (int i = 0; i < 3; ++i) expand(g[i], g[3 + i], g[6 + i], rows[i]);
  for (int i = 0; i < 4; ++i) {
    Lane row[4];
    expand(rows[0][i], rows[1][i], rows[2][i], row);
    for (int k = 0; k < 4; ++k) u[4 * i + k] = row[k];
  }
}

/// G' u of a column.
SVHN_INLINE void contract(const Lane& a, const Lane& b, const Lane& c, const Lane& d, Lane (&g)[3]) {
  const Lane half = 0.5F * (b + c);
  g[0] = a + half;
  g[1] = 0.5F * (b - c);
  g[2] = half + d;
}

/// G' u G.
SVHN_INLINE void restore_kernel(const Lane (&u)[kPlaces], Lane (&g)[9]) {
  Lane rows[4][3];
  for (int i = 0; i < 4; ++i) contract(u[i], u[4 + i], u[8 + i], u[12 + i], rows[i]);
  for (int i = 0; i < 3; ++i) {
    Lane row[3];
    contract(rows[0][i], rows[1][i], rows[2][i], rows[3][i], row);
    for (int k = 0; k < 3; ++k) g[3 * i + k] = row[k];
  }
}

}  // namespace svhn::compute
