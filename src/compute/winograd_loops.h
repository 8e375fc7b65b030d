#pragma once
/// The loops behind WinogradKernels, for any type of numbers: `Lanes` says how a register full of them is
/// read, packed, multiplied and written.

#include <algorithm>

#include "winograd_kernels.h"
#include "winograd_lanes.h"

namespace svhn::compute {

/// Neighbouring tiles of one row of tiles.
struct TileRun {
  std::int64_t image, row;    ///< image: the count of images or more past the last tile.
  std::int64_t first, count;  ///< Columns of tiles, both even.
  std::int64_t place;         ///< Of the first one in the range.
};

template <class Work>
SVHN_INLINE void for_runs(const TileGrid& grid, TileRange tiles, const Work& work) {
  const std::int64_t columns = grid.columns(), rows = grid.rows();
  std::int64_t column = tiles.first % columns, row = tiles.first / columns % rows;
  std::int64_t image = tiles.first / columns / rows;
  for (std::int64_t place = 0; place < tiles.count;) {
    const std::int64_t count = std::min(columns - column, tiles.count - place);
    work(TileRun{image, row, column, count, place});
    place += count;
    column = 0;
    if (++row == rows) row = 0, ++image;
  }
}

/// `Rows` lines of an image, those outside of it made of zeros.
template <class T, int Rows>
struct Lines2d {
  const T* lines[Rows];
  std::int64_t steps[Rows];  ///< From pixel to pixel.
  std::int64_t width;

  SVHN_INLINE Lines2d(const T* x, const ImageShape& shape, std::int64_t image, std::int64_t top,
                      const T* zeros)
      : width(shape.width) {
    for (int r = 0; r < Rows; ++r) {
      const std::int64_t row = top + r;
      const bool inside = image < shape.images && row >= 0 && row < shape.height;
      lines[r] = inside ? x + (image * shape.height + row) * shape.width * shape.channels : zeros;
      steps[r] = inside ? shape.channels : 0;
    }
  }

  template <class Lanes>
  SVHN_INLINE void read(std::int64_t column, std::int64_t channel, LaneOf<Lanes> (&d)[Rows]) const {
    for (int r = 0; r < Rows; ++r) {
      if (column >= 0 && column < width) {
        Lanes::load(lines[r] + column * steps[r] + channel, d[r]);
      } else {
        d[r] = LaneOf<Lanes>{};
      }
    }
  }
};

/// Calls `work(place, channel, t)` for each pair of tiles and 16 channels; t holds the transformed columns of
/// their windows, the first starting at t, the second at t + 2.
template <class Lanes, class T, class Work>
SVHN_INLINE void for_windows(const T* x, const TileGrid& grid, TileRange tiles, const T* zeros,
                             const Work& work) {
  for_runs(grid, tiles, [&](const TileRun& run) SVHN_INLINE_LAMBDA {
    const Lines2d<T, 4> lines(x, grid.in, run.image, 2 * run.row - grid.padding, zeros);
    const std::int64_t left = 2 * run.first - grid.padding;
    for (std::int64_t c = 0; c < grid.in.channels; c += Lanes::kWidth) {
      LaneOf<Lanes> t[6][4];
      const auto read = [&](std::int64_t column, LaneOf<Lanes>(&to)[4]) SVHN_INLINE_LAMBDA {
        LaneOf<Lanes> d[4];
        lines.template read<Lanes>(column, c, d);
        transform_column<Lanes>(d, to);
      };
      read(left, t[0]);
      read(left + 1, t[1]);
      for (std::int64_t i = 0; i < run.count; i += 2) {
        for (int k = 2; k < 6; ++k) read(left + 2 * i + k, t[k]);
        work(run.place + i, c, t);
        for (int r = 0; r < 4; ++r) t[0][r] = t[4][r], t[1][r] = t[5][r];
      }
    }
  });
}

template <class Lanes, class T>
SVHN_INLINE void window_rows(const T* x, const TileGrid& grid, TileRange tiles, const T* zeros, void* words) {
  const std::int64_t channels = grid.in.channels, place = tiles.count * channels;
  const auto write = [&](std::int64_t tile, std::int64_t c, const LaneOf<Lanes>(&t)[6][4])
                         SVHN_INLINE_LAMBDA {
                           T* out = static_cast<T*>(words) + tile * channels + c;
                           for (int i = 0; i < 4; ++i) {
                             for (int k = 0; k < 2; ++k) {
                               LaneOf<Lanes> v[4];
                               transform_row<Lanes>(t + 2 * k, i, v);
                               for (int j = 0; j < 4; ++j)
                                 Lanes::store(v[j], out + (4 * i + j) * place + k * channels);
                             }
                           }
                         };
  for_windows<Lanes>(x, grid, tiles, zeros, write);
}

/// Writes a place of two tiles to [tiles / pack][stride].
template <class Lanes>
SVHN_INLINE void store_pair(const LaneOf<Lanes>& even, const LaneOf<Lanes>& odd, typename Lanes::Word* to,
                            std::int64_t stride) {
  if constexpr (Lanes::kPack == 2) {
    Lanes::store_words(even, odd, to);
  } else {
    Lanes::store(even, to);
    Lanes::store(odd, to + stride);
  }
}

template <class Lanes, class T>
SVHN_INLINE void window_columns(const T* x, const TileGrid& grid, TileRange tiles, const T* zeros,
                                void* words) {
  using Word = typename Lanes::Word;
  const std::int64_t channels = grid.in.channels, place = tiles.count / Lanes::kPack * channels;
  const auto write = [&](std::int64_t tile, std::int64_t c, const LaneOf<Lanes>(&t)[6][4])
                         SVHN_INLINE_LAMBDA {
                           Word* out = static_cast<Word*>(words) + tile / Lanes::kPack * channels + c;
                           for (int i = 0; i < 4; ++i) {
                             LaneOf<Lanes> even[4], odd[4];
                             transform_row<Lanes>(t, i, even);
                             transform_row<Lanes>(t + 2, i, odd);
                             for (int j = 0; j < 4; ++j)
                               store_pair<Lanes>(even[j], odd[j], out + (4 * i + j) * place, channels);
                           }
                         };
  for_windows<Lanes>(x, grid, tiles, zeros, write);
}

template <class Lanes, class T>
SVHN_INLINE void read_tile(const Lines2d<T, 2>& lines, std::int64_t column, std::int64_t c,
                           LaneOf<Lanes>& sum, LaneOf<Lanes> (&m)[kPlaces]) {
  LaneOf<Lanes> left[2], right[2];
  lines.template read<Lanes>(column, c, left);
  lines.template read<Lanes>(column + 1, c, right);
  const LaneOf<Lanes> g[4] = {left[0], right[0], left[1], right[1]};
  sum += (g[0] + g[1]) + (g[2] + g[3]);
  transform_gradient<Lanes>(g, m);
}

template <class Lanes, class T>
SVHN_INLINE void gradient_panels(const T* g, const TileGrid& grid, TileRange tiles, const T* zeros,
                                 void* words, float* sums) {
  using Word = typename Lanes::Word;
  const std::int64_t panel = panel_width(grid.out.channels);
  const std::int64_t place = tiles.count / Lanes::kPack * panel;
  for_runs(grid, tiles, [&](const TileRun& run) SVHN_INLINE_LAMBDA {
    const Lines2d<T, 2> lines(g, grid.out, run.image, 2 * run.row, zeros);
    for (std::int64_t c = 0; c < grid.out.channels; c += Lanes::kWidth) {
      Word* out = static_cast<Word*>(words) + c / panel * kPlaces * place + c % panel;
      LaneOf<Lanes> sum = Lanes::at(sums + c);
      for (std::int64_t i = 0; i < run.count; i += 2) {
        LaneOf<Lanes> even[kPlaces], odd[kPlaces];
        read_tile<Lanes, T>(lines, 2 * (run.first + i), c, sum, even);
        read_tile<Lanes, T>(lines, 2 * (run.first + i) + 2, c, sum, odd);
        Word* to = out + (run.place + i) / Lanes::kPack * panel;
        for (int k = 0; k < kPlaces; ++k) store_pair<Lanes>(even[k], odd[k], to + k * place, panel);
      }
      Lanes::at(sums + c) = sum;
    }
  });
}

template <class Lanes, class T>
SVHN_INLINE void output(const float* sums, const TileGrid& grid, TileRange tiles, std::int64_t first,
                        const float* bias, T* y) {
  const ImageShape& shape = grid.out;
  const std::int64_t panel = panel_width(shape.channels), place = tiles.count * panel;
  for_runs(grid, tiles, [&](const TileRun& run) SVHN_INLINE_LAMBDA {
    if (run.image >= shape.images) return;
    T* line = y + (run.image * shape.height + 2 * run.row) * shape.width * shape.channels + first;
    const std::int64_t below = 2 * run.row + 1 < shape.height ? shape.width * shape.channels : 0;
    const std::int64_t end = std::min(run.count, (shape.width + 1) / 2 - run.first);
    for (std::int64_t i = 0; i < end; ++i) {
      const std::int64_t column = 2 * (run.first + i);
      T* to = line + column * shape.channels;
      const std::int64_t right = column + 1 < shape.width ? shape.channels : 0;
      for (std::int64_t c = 0; c < panel; c += Lanes::kWidth) {
        LaneOf<Lanes> m[kPlaces], out[4];
        const float* from = sums + (run.place + i) * panel + c;
        for (int k = 0; k < kPlaces; ++k) m[k] = Lanes::at(from + k * place);
        transform_output<Lanes>(m, out);
        if (bias != nullptr) {
          for (LaneOf<Lanes>& number : out) number += Lanes::at(bias + c);
        }
        // From the last to the first, so that the one inside stays where there is no other.
        Lanes::store(out[3], to + below + right + c);
        Lanes::store(out[2], to + below + c);
        Lanes::store(out[1], to + right + c);
        Lanes::store(out[0], to + c);
      }
    }
  });
}

template <class Lanes>
SVHN_INLINE void read_kernel(const float* g, std::int64_t out, bool flip, LaneOf<Lanes> (&u)[kPlaces]) {
  LaneOf<Lanes> kernel[9];
  for (int i = 0; i < 9; ++i) kernel[i] = Lanes::at(g + (flip ? 8 - i : i) * out);
  transform_kernel<Lanes>(kernel, u);
}

template <class Lanes>
SVHN_INLINE void kernels(const float* g, KernelShape shape, std::int64_t first, std::int64_t last, bool flip,
                         void* words) {
  using Word = typename Lanes::Word;
  const std::int64_t out = shape.out, panel = panel_width(out), place = shape.in / Lanes::kPack * panel;
  for (std::int64_t c = first; c < last; c += Lanes::kPack) {
    for (std::int64_t o = 0; o < out; o += Lanes::kWidth) {
      LaneOf<Lanes> even[kPlaces], odd[kPlaces];
      const float* from = g + c * 9 * out + o;
      read_kernel<Lanes>(from, out, flip, even);
      if constexpr (Lanes::kPack == 2) read_kernel<Lanes>(from + 9 * out, out, flip, odd);
      Word* to =
          static_cast<Word*>(words) + o / panel * kPlaces * place + c / Lanes::kPack * panel + o % panel;
      for (int k = 0; k < kPlaces; ++k) {
        if constexpr (Lanes::kPack == 2) {
          Lanes::store_words(even[k], odd[k], to + k * place);
        } else {
          Lanes::store(even[k], to + k * place);
        }
      }
    }
  }
}

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

/// One input's kernels, the sums over all parts.
template <class Lanes>
SVHN_INLINE void restore_input(const float* u, std::int64_t parts, KernelShape shape, float* g) {
  const std::int64_t panel = panel_width(shape.out), place = shape.in * panel;
  for (std::int64_t o = 0; o < shape.out; o += Lanes::kWidth) {
    const float* from = u + o / panel * kPlaces * place + o % panel;
    LaneOf<Lanes> sums[kPlaces], kernel[9];
    for (int k = 0; k < kPlaces; ++k) {
      sums[k] = Lanes::at(from + k * place);
      for (std::int64_t part = 1; part < parts; ++part) {
        sums[k] += Lanes::at(from + part * kPlaces * shape.in * shape.out + k * place);
      }
    }
    restore_kernel<Lanes>(sums, kernel);
    for (int i = 0; i < 9; ++i) Lanes::at(g + i * shape.out + o) = kernel[i];
  }
}

template <class Lanes>
SVHN_INLINE void restore(const float* u, std::int64_t parts, KernelShape shape, std::int64_t first,
                         std::int64_t last, float* g) {
  for (std::int64_t c = first; c < last; ++c) {
    restore_input<Lanes>(u + c * panel_width(shape.out), parts, shape, g + c * 9 * shape.out);
  }
}

}  // namespace svhn::compute

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
