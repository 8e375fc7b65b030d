#pragma once
/// The table of kernels for one instruction set.

#include "kernels/winograd/transforms.h"

namespace svhn::kernels {

/// Rows x Columns vectors of c, in registers over the whole depth.
template <class Simd, int Rows, int Columns>
SVHN_INLINE void multiply_block(const MatrixProduct& p, std::int64_t row, std::int64_t column) {
  using Word = typename Simd::Word;
  constexpr std::int64_t kWidth = Simd::kWidth;
  const Word* a = static_cast<const Word*>(p.a) + row * p.row_stride;
  const Word* b = static_cast<const Word*>(p.b) + column;
  float* c = p.c + row * p.columns + column;
  Vector<Simd> sums[Rows][Columns];
  for (int r = 0; r < Rows; ++r) {
    for (int i = 0; i < Columns; ++i)
      sums[r][i] = p.add ? Simd::at(c + r * p.columns + i * kWidth) : Vector<Simd>{};
  }
  for (std::int64_t d = 0; d < p.depth; ++d, a += p.depth_stride, b += p.columns) {
    Vector<Simd> right[Columns];
    for (int i = 0; i < Columns; ++i) right[i] = *reinterpret_cast<const Vector<Simd>*>(b + i * kWidth);
#pragma GCC unroll 16
    for (int r = 0; r < Rows; ++r) {
      Vector<Simd> left;
      Simd::spread(a[r * p.row_stride], left);
      for (int i = 0; i < Columns; ++i) Simd::multiply_add(left, right[i], sums[r][i]);
    }
  }
  for (int r = 0; r < Rows; ++r) {
    for (int i = 0; i < Columns; ++i) Simd::at(c + r * p.columns + i * kWidth) = sums[r][i];
  }
}

template <class Simd, int Rows, int Columns>
SVHN_INLINE void multiply_columns(const MatrixProduct& p, std::int64_t column) {
  constexpr int kFew = 4;
  std::int64_t row = 0;
  for (; row + Rows <= p.rows; row += Rows) multiply_block<Simd, Rows, Columns>(p, row, column);
  for (; row + kFew <= p.rows; row += kFew) multiply_block<Simd, kFew, Columns>(p, row, column);
}

/// Rows are a multiple of 4, columns of the vector width.
template <class Simd, int Rows, int Columns>
SVHN_INLINE void multiply(const MatrixProduct& p) {
  std::int64_t column = 0;
  for (; column + Columns * Simd::kWidth <= p.columns; column += Columns * Simd::kWidth) {
    multiply_columns<Simd, Rows, Columns>(p, column);
  }
  if (column < p.columns) multiply_columns<Simd, Rows, 1>(p, column);
}

}  // namespace svhn::kernels

/// Defines `NAME`, the kernels compiled with ATTRIBUTES.
/// @param ROWS, COLUMNS size of a product's block in vectors that fit the registers; ROWS a multiple of 4.
#define SVHN_WINOGRAD_KERNELS(NAME, ATTRIBUTES, SIMD, T, ROWS, COLUMNS)                                      \
  struct NAME {                                                                                              \
    ATTRIBUTES static void expand(const float* g, KernelShape shape, std::int64_t first, std::int64_t last,  \
                                  bool flip, void* words) {                                                  \
      kernel_panels<SIMD>(g, shape, first, last, flip, words);                                               \
    }                                                                                                        \
    ATTRIBUTES static void rows(const T* x, const TileGrid& grid, TileRange tiles, const T* zeros,           \
                                void* to) {                                                                  \
      window_rows<SIMD>(x, grid, tiles, zeros, to);                                                          \
    }                                                                                                        \
    ATTRIBUTES static void columns(const T* x, const TileGrid& grid, TileRange tiles, const T* zeros,        \
                                   void* to) {                                                               \
      window_columns<SIMD>(x, grid, tiles, zeros, to);                                                       \
    }                                                                                                        \
    ATTRIBUTES static void panels(const T* g, const TileGrid& grid, TileRange tiles, const T* zeros,         \
                                  void* to, float* sums) {                                                   \
      gradient_panels<SIMD>(g, grid, tiles, zeros, to, sums);                                                \
    }                                                                                                        \
    ATTRIBUTES static void product(const MatrixProduct& product) { multiply<SIMD, ROWS, COLUMNS>(product); } \
    ATTRIBUTES static void back(const float* sums, const TileGrid& grid, TileRange tiles,                    \
                                std::int64_t first, const float* bias, T* y) {                               \
      output<SIMD>(sums, grid, tiles, first, bias, y);                                                       \
    }                                                                                                        \
    ATTRIBUTES static void contract(const float* u, std::int64_t parts, KernelShape shape,                   \
                                    std::int64_t first, std::int64_t last, float* g) {                       \
      kernel_gradients<SIMD>(u, parts, shape, first, last, g);                                               \
    }                                                                                                        \
    static constexpr WinogradKernels<T> kTable{SIMD::kPack, expand,  rows, columns,                          \
                                               panels,      product, back, contract};                        \
  };
