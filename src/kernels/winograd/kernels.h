#pragma once
/// The inner loops of winograd_convolution, one thread's work. Windows are transformed (4x4 numbers,
/// "places"), multiplied place by place, and transformed back: F(2x2,3x3) of Lavin and Gray, "Fast Algorithms
/// for Convolutional Neural Networks", 2015. T = float or bfloat16 (std::uint16_t) in memory; sums are float.
///
/// What is multiplied lies in words of 32 bits: one float, or two bfloat16 whose products are added at once.
/// Those two are neighbours in the depth of the product: input channels forward, tiles for the weights.

#include <cstdint>
#include <vector>

#include "kernels/winograd/tiles.h"

namespace svhn::kernels {

/// c[rows][columns] = or += sum over depth of a[row][depth] b[depth][columns]; strides in words.
struct PlaceProduct {
  const void* a;
  std::int64_t row_stride, depth_stride;  ///< Of a.
  const void* b;                          ///< Words [depth][columns].
  float* c;                               ///< [rows][columns]
  std::int64_t rows, columns, depth;      ///< columns: 16 or 32.
  bool add;
};

/// 3x3 kernels, f32 [in][3][3][out].
struct KernelShape {
  std::int64_t in, out;
};

template <class T>
struct WinogradKernels {
  std::int64_t pack;  ///< Numbers in a word.

  /// G g G' of the kernels from input `first` to `last` (both multiples of pack), to words
  /// [out / panel][16][in / pack][panel]. @param flip turns each by 180 degrees.
  void (*kernels)(const float* g, KernelShape shape, std::int64_t first, std::int64_t last, bool flip,
                  void* words);
  /// Windows of x to words [16][tiles][C / pack]. @param zeros C numbers of zero.
  void (*window_rows)(const T* x, const TileGrid& grid, TileRange tiles, const T* zeros, void* words);
  /// The same with tiles packed, words [16][tiles / pack][C].
  void (*window_columns)(const T* x, const TileGrid& grid, TileRange tiles, const T* zeros, void* words);
  /// Gradients of output tiles to words [O / panel][16][tiles / pack][panel]; adds what each channel sums up
  /// to. @param sums [O].
  void (*gradient_panels)(const T* g, const TileGrid& grid, TileRange tiles, const T* zeros, void* words,
                          float* sums);
  void (*multiply)(const PlaceProduct& product);
  /// [16][tiles][panel] to tiles of y from channel `first` on. @param bias of the panel, or nullptr.
  void (*output)(const float* sums, const TileGrid& grid, TileRange tiles, std::int64_t first,
                 const float* bias, T* y);
  /// G' u G of the sums over all parts, kernels from input `first` to `last`.
  /// @param u [parts][out / panel][16][in][panel]. @param g f32 [in][3][3][out].
  void (*restore)(const float* u, std::int64_t parts, KernelShape shape, std::int64_t first,
                  std::int64_t last, float* g);
};

/// @returns those for this processor; for bfloat16 nullptr where it has no instructions for it.
template <class T>
const WinogradKernels<T>* winograd_kernels();

template <>
const WinogradKernels<float>* winograd_kernels<float>();
template <>
const WinogradKernels<std::uint16_t>* winograd_kernels<std::uint16_t>();

/// @returns those for float that this processor can run, the fastest first.
std::vector<const WinogradKernels<float>*> float_winograd_kernels();

}  // namespace svhn::kernels
