#pragma once
#include "kernels/winograd/outputs.h"
#include "kernels/winograd/product.h"
#include "kernels/winograd/weights.h"

/// Defines `NAME`, the kernels that are compiled with the attributes ATTRIBUTES.
/// @param ROWS, COLUMNS lanes of a product that fit the registers; ROWS a multiple of 4.
#define SVHN_WINOGRAD_KERNELS(NAME, ATTRIBUTES, LANES, T, ROWS, COLUMNS)                                     \
  struct NAME {                                                                                              \
    ATTRIBUTES static void expand(const float* g, KernelShape shape, std::int64_t first, std::int64_t last,  \
                                  bool flip, void* words) {                                                  \
      kernels<LANES>(g, shape, first, last, flip, words);                                                    \
    }                                                                                                        \
    ATTRIBUTES static void rows(const T* x, const TileGrid& grid, TileRange tiles, const T* zeros,           \
                                void* to) {                                                                  \
      window_rows<LANES>(x, grid, tiles, zeros, to);                                                         \
    }                                                                                                        \
    ATTRIBUTES static void columns(const T* x, const TileGrid& grid, TileRange tiles, const T* zeros,        \
                                   void* to) {                                                               \
      window_columns<LANES>(x, grid, tiles, zeros, to);                                                      \
    }                                                                                                        \
    ATTRIBUTES static void panels(const T* g, const TileGrid& grid, TileRange tiles, const T* zeros,         \
                                  void* to, float* sums) {                                                   \
      gradient_panels<LANES>(g, grid, tiles, zeros, to, sums);                                               \
    }                                                                                                        \
    ATTRIBUTES static void product(const PlaceProduct& product) { multiply<LANES, ROWS, COLUMNS>(product); } \
    ATTRIBUTES static void back(const float* sums, const TileGrid& grid, TileRange tiles,                    \
                                std::int64_t first, const float* bias, T* y) {                               \
      output<LANES>(sums, grid, tiles, first, bias, y);                                                      \
    }                                                                                                        \
    ATTRIBUTES static void contract(const float* u, std::int64_t parts, KernelShape shape,                   \
                                    std::int64_t first, std::int64_t last, float* g) {                       \
      restore<LANES>(u, parts, shape, first, last, g);                                                       \
    }                                                                                                        \
    static constexpr WinogradKernels<T> kTable{LANES::kPack, expand,  rows, columns,                         \
                                               panels,       product, back, contract};                       \
  };
