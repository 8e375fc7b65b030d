#pragma once
/// Winograd's transforms of kernels, and of their gradients back.

#include "kernels/winograd/kernels.h"
#include "kernels/winograd/lanes.h"

namespace svhn::kernels {

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

}  // namespace svhn::kernels
