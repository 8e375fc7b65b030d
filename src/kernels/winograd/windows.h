#pragma once
/// Winograd's transform of input windows. `Lanes` says how a register full of numbers is read, packed and
/// written, here and in the files that follow.

#include <algorithm>

#include "kernels/winograd/kernels.h"
#include "kernels/winograd/lanes.h"

namespace svhn::kernels {

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

}  // namespace svhn::kernels
