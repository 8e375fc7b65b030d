#pragma once
/// The inner loops of winograd_convolution, single-threaded. Windows of 4x4 numbers are transformed, the 16
/// elements are multiplied (one matrix product each), and the sums are transformed back: F(2x2,3x3) of Lavin
/// and Gray, "Fast Algorithms for Convolutional Neural Networks", 2015. T = float or bfloat16 (std::uint16_t)
/// in memory; sums are float.
///
/// Factors are stored in words of 32 bits: one float, or two bfloat16 whose products are added at once. The
/// two are neighbours along the depth of the product: input channels in the forward pass, tiles for the
/// gradient of the weights.

#include <cstdint>
#include <vector>

namespace svhn::kernels {

/// An image batch in NHWC order.
struct ImageShape {
  std::int64_t images, height, width, channels;
};

/// Tiles of 2x2 outputs, each computed from a window of 4x4 inputs; those of all images, numbered in reading
/// order. Two neighbours are computed at a time, so a row may end with a tile outside of its image, whose
/// output is not written.
struct TileGrid {
  ImageShape in;         ///< Input.
  ImageShape out;        ///< Output.
  std::int64_t padding;  ///< Zeros around `in`, 0 to 2.

  [[nodiscard]] std::int64_t rows() const { return (out.height + 1) / 2; }
  [[nodiscard]] std::int64_t columns() const { return (out.width + 3) / 4 * 2; }
  [[nodiscard]] std::int64_t count() const { return out.images * rows() * columns(); }
};

/// Consecutive tiles, both numbers even; tiles past the last one are zeros.
struct TileRange {
  std::int64_t first, count;
};

inline constexpr std::int64_t kWindowElements = 16;  ///< Numbers of a (transformed) 4x4 window.
inline constexpr std::int64_t kChannelBlock = 16;    ///< Channel counts are multiples of it.

/// @returns output channels of a panel: the columns of one matrix product.
inline std::int64_t panel_width(std::int64_t channels) {
  return channels % (2 * kChannelBlock) == 0 ? 2 * kChannelBlock : kChannelBlock;
}

/// c[rows][columns] = or += sum over depth of a[row][depth] b[depth][columns]; strides in words.
struct MatrixProduct {
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

  /// Transforms the kernels of inputs [first, last) (multiples of pack), G g G', to words
  /// [out / panel][16][in / pack][panel]. @param flip rotates each kernel by 180 degrees.
  void (*kernel_panels)(const float* g, KernelShape shape, std::int64_t first, std::int64_t last, bool flip,
                        void* words);
  /// Transforms windows of x to words [16][tiles][C / pack]. @param zeros C zeros.
  void (*window_rows)(const T* x, const TileGrid& grid, TileRange tiles, const T* zeros, void* words);
  /// As window_rows, with tiles packed: words [16][tiles / pack][C].
  void (*window_columns)(const T* x, const TileGrid& grid, TileRange tiles, const T* zeros, void* words);
  /// Transforms gradients of output tiles to words [O / panel][16][tiles / pack][panel]; adds each channel's
  /// sum to `sums`. @param sums f32 [O].
  void (*gradient_panels)(const T* g, const TileGrid& grid, TileRange tiles, const T* zeros, void* words,
                          float* sums);
  void (*multiply)(const MatrixProduct& product);
  /// Transforms sums [16][tiles][panel] to the tiles of y, from channel `first` on. @param bias of the panel,
  /// or nullptr.
  void (*output)(const float* sums, const TileGrid& grid, TileRange tiles, std::int64_t first,
                 const float* bias, T* y);
  /// Gradients of the kernels of inputs [first, last): G' u G, with u summed over the parts.
  /// @param u [parts][out / panel][16][in][panel]. @param g f32 [in][3][3][out].
  void (*kernel_gradients)(const float* u, std::int64_t parts, KernelShape shape, std::int64_t first,
                           std::int64_t last, float* g);
};

/// @returns the kernels for this processor; nullptr for bfloat16 where it has no instructions for it.
template <class T>
const WinogradKernels<T>* winograd_kernels();

template <>
const WinogradKernels<float>* winograd_kernels<float>();
template <>
const WinogradKernels<std::uint16_t>* winograd_kernels<std::uint16_t>();

/// @returns the float kernels that this processor can run, the fastest first.
std::vector<const WinogradKernels<float>*> float_winograd_kernels();

}  // namespace svhn::kernels
