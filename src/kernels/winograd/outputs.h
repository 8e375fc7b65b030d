#pragma once
/// Winograd's transforms of output tiles: of their gradients, and back from the products.

#include "kernels/winograd/windows.h"

namespace svhn::kernels {

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

}  // namespace svhn::kernels
