#pragma once
/// Winograd's transforms of windows, kernels, outputs and their gradients. A Vector holds as many channels as
/// a register; `Simd` says how a Vector is read, packed and written. All of it is inlined into functions that
/// are compiled for one instruction set.

#include <algorithm>

#include "core/vector_clones.h"
#include "kernels/vectors.h"
#include "kernels/winograd/kernels.h"

namespace svhn::kernels {

/// Vectors of `Width` floats. Always passed by reference: the ABI for values differs between instruction
/// sets. Not wider than a register: compilers keep wider vectors in memory.
template <int Width>
struct Registers {
  using Vector = typename VectorOf<Width>::Float;
  static constexpr std::int64_t kWidth = Width;

  SVHN_INLINE static const Vector& at(const float* x) { return *reinterpret_cast<const Vector*>(x); }
  SVHN_INLINE static Vector& at(float* x) { return *reinterpret_cast<Vector*>(x); }
};

template <class Simd>
using Vector = typename Simd::Vector;

/// B' d of a column.
template <class Simd>
SVHN_INLINE void transform_column(const Vector<Simd> (&d)[4], Vector<Simd> (&t)[4]) {
  t[0] = d[0] - d[2];
  t[1] = d[1] + d[2];
  t[2] = d[2] - d[1];
  t[3] = d[1] - d[3];
}

/// Row `i` of t B, the window whose columns start at `t`.
template <class Simd>
SVHN_INLINE void transform_row(const Vector<Simd> (*t)[4], int i, Vector<Simd> (&v)[4]) {
  const Vector<Simd> column[4] = {t[0][i], t[1][i], t[2][i], t[3][i]};
  transform_column<Simd>(column, v);
}

/// A g A' of a 2x2 tile.
template <class Simd>
SVHN_INLINE void transform_gradient(const Vector<Simd> (&g)[4], Vector<Simd> (&m)[kWindowElements]) {
  const Vector<Simd> left[4] = {g[0], g[0] + g[2], g[0] - g[2], -g[2]};
  const Vector<Simd> right[4] = {g[1], g[1] + g[3], g[1] - g[3], -g[3]};
  for (int i = 0; i < 4; ++i) {
    m[4 * i] = left[i];
    m[4 * i + 1] = left[i] + right[i];
    m[4 * i + 2] = left[i] - right[i];
    m[4 * i + 3] = -right[i];
  }
}

/// A' m A, a 2x2 tile.
template <class Simd>
SVHN_INLINE void transform_output(const Vector<Simd> (&m)[kWindowElements], Vector<Simd> (&y)[4]) {
  Vector<Simd> top[4], bottom[4];
  for (int i = 0; i < 4; ++i) {
    const Vector<Simd> sum = m[4 + i] + m[8 + i], difference = m[4 + i] - m[8 + i];
    top[i] = m[i] + sum;
    bottom[i] = difference - m[12 + i];
  }
  y[0] = top[0] + (top[1] + top[2]);
  y[1] = (top[1] - top[2]) - top[3];
  y[2] = bottom[0] + (bottom[1] + bottom[2]);
  y[3] = (bottom[1] - bottom[2]) - bottom[3];
}

/// G g of a column.
template <class Simd>
SVHN_INLINE void expand(const Vector<Simd>& a, const Vector<Simd>& b, const Vector<Simd>& c,
                        Vector<Simd> (&u)[4]) {
  const Vector<Simd> sum = 0.5F * (a + c), half = 0.5F * b;
  u[0] = a;
  u[1] = sum + half;
  u[2] = sum - half;
  u[3] = c;
}

/// G g G'.
template <class Simd>
SVHN_INLINE void transform_kernel(const Vector<Simd> (&g)[9], Vector<Simd> (&u)[kWindowElements]) {
  Vector<Simd> rows[3][4];  // Of the columns of g.
  for (int i = 0; i < 3; ++i) expand<Simd>(g[i], g[3 + i], g[6 + i], rows[i]);
  for (int i = 0; i < 4; ++i) {
    Vector<Simd> row[4];
    expand<Simd>(rows[0][i], rows[1][i], rows[2][i], row);
    for (int k = 0; k < 4; ++k) u[4 * i + k] = row[k];
  }
}

/// G' u of a column.
template <class Simd>
SVHN_INLINE void contract(const Vector<Simd>& a, const Vector<Simd>& b, const Vector<Simd>& c,
                          const Vector<Simd>& d, Vector<Simd> (&g)[3]) {
  const Vector<Simd> half = 0.5F * (b + c);
  g[0] = a + half;
  g[1] = 0.5F * (b - c);
  g[2] = half + d;
}

/// G' u G.
template <class Simd>
SVHN_INLINE void transform_kernel_gradient(const Vector<Simd> (&u)[kWindowElements], Vector<Simd> (&g)[9]) {
  Vector<Simd> rows[4][3];
  for (int i = 0; i < 4; ++i) contract<Simd>(u[i], u[4 + i], u[8 + i], u[12 + i], rows[i]);
  for (int i = 0; i < 3; ++i) {
    Vector<Simd> row[3];
    contract<Simd>(rows[0][i], rows[1][i], rows[2][i], rows[3][i], row);
    for (int k = 0; k < 3; ++k) g[3 * i + k] = row[k];
  }
}

/// Neighbouring tiles of one row of tiles.
struct TileRun {
  std::int64_t image, row;    ///< image: the count of images or more past the last tile.
  std::int64_t first, count;  ///< Columns of tiles, both even.
  std::int64_t index;         ///< Of the first one within the range.
};

template <class Work>
SVHN_INLINE void for_runs(const TileGrid& grid, TileRange tiles, const Work& work) {
  const std::int64_t columns = grid.columns(), rows = grid.rows();
  std::int64_t column = tiles.first % columns, row = tiles.first / columns % rows;
  std::int64_t image = tiles.first / columns / rows;
  for (std::int64_t index = 0; index < tiles.count;) {
    const std::int64_t count = std::min(columns - column, tiles.count - index);
    work(TileRun{image, row, column, count, index});
    index += count;
    column = 0;
    if (++row == rows) row = 0, ++image;
  }
}

/// `kCount` consecutive rows of an image; rows outside of it are zeros.
template <class T, int kCount>
struct ImageRows {
  const T* rows[kCount];
  std::int64_t steps[kCount];  ///< From pixel to pixel.
  std::int64_t width;

  SVHN_INLINE ImageRows(const T* x, const ImageShape& shape, std::int64_t image, std::int64_t top,
                        const T* zeros)
      : width(shape.width) {
    for (int r = 0; r < kCount; ++r) {
      const std::int64_t row = top + r;
      const bool inside = image < shape.images && row >= 0 && row < shape.height;
      rows[r] = inside ? x + (image * shape.height + row) * shape.width * shape.channels : zeros;
      steps[r] = inside ? shape.channels : 0;
    }
  }

  template <class Simd>
  SVHN_INLINE void read(std::int64_t column, std::int64_t channel, Vector<Simd> (&d)[kCount]) const {
    for (int r = 0; r < kCount; ++r) {
      if (column >= 0 && column < width) {
        Simd::load(rows[r] + column * steps[r] + channel, d[r]);
      } else {
        d[r] = Vector<Simd>{};
      }
    }
  }
};

/// Calls `work(tile, channel, t)` for each pair of tiles and 16 channels; t holds the transformed columns of
/// their windows, the first starting at t, the second at t + 2.
template <class Simd, class T, class Work>
SVHN_INLINE void for_windows(const T* x, const TileGrid& grid, TileRange tiles, const T* zeros,
                             const Work& work) {
  for_runs(grid, tiles, [&](const TileRun& run) SVHN_INLINE_LAMBDA {
    const ImageRows<T, 4> rows(x, grid.in, run.image, 2 * run.row - grid.padding, zeros);
    const std::int64_t left = 2 * run.first - grid.padding;
    for (std::int64_t c = 0; c < grid.in.channels; c += Simd::kWidth) {
      Vector<Simd> t[6][4];
      const auto read = [&](std::int64_t column, Vector<Simd>(&to)[4]) SVHN_INLINE_LAMBDA {
        Vector<Simd> d[4];
        rows.template read<Simd>(column, c, d);
        transform_column<Simd>(d, to);
      };
      read(left, t[0]);
      read(left + 1, t[1]);
      for (std::int64_t i = 0; i < run.count; i += 2) {
        for (int k = 2; k < 6; ++k) read(left + 2 * i + k, t[k]);
        work(run.index + i, c, t);
        for (int r = 0; r < 4; ++r) t[0][r] = t[4][r], t[1][r] = t[5][r];
      }
    }
  });
}

template <class Simd, class T>
SVHN_INLINE void window_rows(const T* x, const TileGrid& grid, TileRange tiles, const T* zeros, void* words) {
  const std::int64_t channels = grid.in.channels, element_stride = tiles.count * channels;
  const auto write = [&](std::int64_t tile, std::int64_t c, const Vector<Simd>(&t)[6][4]) SVHN_INLINE_LAMBDA {
    T* out = static_cast<T*>(words) + tile * channels + c;
    for (int i = 0; i < 4; ++i) {
      for (int k = 0; k < 2; ++k) {
        Vector<Simd> v[4];
        transform_row<Simd>(t + 2 * k, i, v);
        for (int j = 0; j < 4; ++j) Simd::store(v[j], out + (4 * i + j) * element_stride + k * channels);
      }
    }
  };
  for_windows<Simd>(x, grid, tiles, zeros, write);
}

/// Writes one element of two tiles to [tiles / pack][stride].
template <class Simd>
SVHN_INLINE void store_pair(const Vector<Simd>& even, const Vector<Simd>& odd, typename Simd::Word* to,
                            std::int64_t stride) {
  if constexpr (Simd::kPack == 2) {
    Simd::store_words(even, odd, to);
  } else {
    Simd::store(even, to);
    Simd::store(odd, to + stride);
  }
}

template <class Simd, class T>
SVHN_INLINE void window_columns(const T* x, const TileGrid& grid, TileRange tiles, const T* zeros,
                                void* words) {
  using Word = typename Simd::Word;
  const std::int64_t channels = grid.in.channels, element_stride = tiles.count / Simd::kPack * channels;
  const auto write = [&](std::int64_t tile, std::int64_t c, const Vector<Simd>(&t)[6][4]) SVHN_INLINE_LAMBDA {
    Word* out = static_cast<Word*>(words) + tile / Simd::kPack * channels + c;
    for (int i = 0; i < 4; ++i) {
      Vector<Simd> even[4], odd[4];
      transform_row<Simd>(t, i, even);
      transform_row<Simd>(t + 2, i, odd);
      for (int j = 0; j < 4; ++j)
        store_pair<Simd>(even[j], odd[j], out + (4 * i + j) * element_stride, channels);
    }
  };
  for_windows<Simd>(x, grid, tiles, zeros, write);
}

template <class Simd, class T>
SVHN_INLINE void read_tile(const ImageRows<T, 2>& rows, std::int64_t column, std::int64_t c,
                           Vector<Simd>& sum, Vector<Simd> (&m)[kWindowElements]) {
  Vector<Simd> left[2], right[2];
  rows.template read<Simd>(column, c, left);
  rows.template read<Simd>(column + 1, c, right);
  const Vector<Simd> g[4] = {left[0], right[0], left[1], right[1]};
  sum += (g[0] + g[1]) + (g[2] + g[3]);
  transform_gradient<Simd>(g, m);
}

template <class Simd, class T>
SVHN_INLINE void gradient_panels(const T* g, const TileGrid& grid, TileRange tiles, const T* zeros,
                                 void* words, float* sums) {
  using Word = typename Simd::Word;
  const std::int64_t panel = panel_width(grid.out.channels);
  const std::int64_t element_stride = tiles.count / Simd::kPack * panel;
  for_runs(grid, tiles, [&](const TileRun& run) SVHN_INLINE_LAMBDA {
    const ImageRows<T, 2> rows(g, grid.out, run.image, 2 * run.row, zeros);
    for (std::int64_t c = 0; c < grid.out.channels; c += Simd::kWidth) {
      Word* out = static_cast<Word*>(words) + c / panel * kWindowElements * element_stride + c % panel;
      Vector<Simd> sum = Simd::at(sums + c);
      for (std::int64_t i = 0; i < run.count; i += 2) {
        Vector<Simd> even[kWindowElements], odd[kWindowElements];
        read_tile<Simd, T>(rows, 2 * (run.first + i), c, sum, even);
        read_tile<Simd, T>(rows, 2 * (run.first + i) + 2, c, sum, odd);
        Word* to = out + (run.index + i) / Simd::kPack * panel;
        for (int k = 0; k < kWindowElements; ++k)
          store_pair<Simd>(even[k], odd[k], to + k * element_stride, panel);
      }
      Simd::at(sums + c) = sum;
    }
  });
}

template <class Simd, class T>
SVHN_INLINE void output(const float* sums, const TileGrid& grid, TileRange tiles, std::int64_t first,
                        const float* bias, T* y) {
  const ImageShape& shape = grid.out;
  const std::int64_t panel = panel_width(shape.channels), element_stride = tiles.count * panel;
  for_runs(grid, tiles, [&](const TileRun& run) SVHN_INLINE_LAMBDA {
    if (run.image >= shape.images) return;
    T* row = y + (run.image * shape.height + 2 * run.row) * shape.width * shape.channels + first;
    const std::int64_t below = 2 * run.row + 1 < shape.height ? shape.width * shape.channels : 0;
    const std::int64_t end = std::min(run.count, (shape.width + 1) / 2 - run.first);
    for (std::int64_t i = 0; i < end; ++i) {
      const std::int64_t column = 2 * (run.first + i);
      T* to = row + column * shape.channels;
      const std::int64_t right = column + 1 < shape.width ? shape.channels : 0;
      for (std::int64_t c = 0; c < panel; c += Simd::kWidth) {
        Vector<Simd> m[kWindowElements], out[4];
        const float* from = sums + (run.index + i) * panel + c;
        for (int k = 0; k < kWindowElements; ++k) m[k] = Simd::at(from + k * element_stride);
        transform_output<Simd>(m, out);
        if (bias != nullptr) {
          for (Vector<Simd>& number : out) number += Simd::at(bias + c);
        }
        // In reverse order: outputs outside of the image are overwritten by those inside.
        Simd::store(out[3], to + below + right + c);
        Simd::store(out[2], to + below + c);
        Simd::store(out[1], to + right + c);
        Simd::store(out[0], to + c);
      }
    }
  });
}

template <class Simd>
SVHN_INLINE void read_kernel(const float* g, std::int64_t out, bool flip,
                             Vector<Simd> (&u)[kWindowElements]) {
  Vector<Simd> kernel[9];
  for (int i = 0; i < 9; ++i) kernel[i] = Simd::at(g + (flip ? 8 - i : i) * out);
  transform_kernel<Simd>(kernel, u);
}

template <class Simd>
SVHN_INLINE void kernel_panels(const float* g, KernelShape shape, std::int64_t first, std::int64_t last,
                               bool flip, void* words) {
  using Word = typename Simd::Word;
  const std::int64_t out = shape.out, panel = panel_width(out),
                     element_stride = shape.in / Simd::kPack * panel;
  for (std::int64_t c = first; c < last; c += Simd::kPack) {
    for (std::int64_t o = 0; o < out; o += Simd::kWidth) {
      Vector<Simd> even[kWindowElements], odd[kWindowElements];
      const float* from = g + c * 9 * out + o;
      read_kernel<Simd>(from, out, flip, even);
      if constexpr (Simd::kPack == 2) read_kernel<Simd>(from + 9 * out, out, flip, odd);
      Word* to = static_cast<Word*>(words) + o / panel * kWindowElements * element_stride +
                 c / Simd::kPack * panel + o % panel;
      for (int k = 0; k < kWindowElements; ++k) {
        if constexpr (Simd::kPack == 2) {
          Simd::store_words(even[k], odd[k], to + k * element_stride);
        } else {
          Simd::store(even[k], to + k * element_stride);
        }
      }
    }
  }
}

/// Gradients of one input's kernels, summed over all parts.
template <class Simd>
SVHN_INLINE void input_kernel_gradients(const float* u, std::int64_t parts, KernelShape shape, float* g) {
  const std::int64_t panel = panel_width(shape.out), element_stride = shape.in * panel;
  for (std::int64_t o = 0; o < shape.out; o += Simd::kWidth) {
    const float* from = u + o / panel * kWindowElements * element_stride + o % panel;
    Vector<Simd> sums[kWindowElements], kernel[9];
    for (int k = 0; k < kWindowElements; ++k) {
      sums[k] = Simd::at(from + k * element_stride);
      for (std::int64_t part = 1; part < parts; ++part) {
        sums[k] += Simd::at(from + part * kWindowElements * shape.in * shape.out + k * element_stride);
      }
    }
    transform_kernel_gradient<Simd>(sums, kernel);
    for (int i = 0; i < 9; ++i) Simd::at(g + i * shape.out + o) = kernel[i];
  }
}

template <class Simd>
SVHN_INLINE void kernel_gradients(const float* u, std::int64_t parts, KernelShape shape, std::int64_t first,
                                  std::int64_t last, float* g) {
  for (std::int64_t c = first; c < last; ++c) {
    input_kernel_gradients<Simd>(u + c * panel_width(shape.out), parts, shape, g + c * 9 * shape.out);
  }
}

}  // namespace svhn::kernels
