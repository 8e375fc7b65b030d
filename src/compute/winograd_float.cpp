#include "winograd_loops.h"

namespace svhn::compute {
namespace {

struct FloatLanes {
  using Word = float;
  static constexpr int kPack = 1;

  SVHN_INLINE static void load(const float* from, Lane& lane) { lane = *reinterpret_cast<const Lane*>(from); }
  SVHN_INLINE static void store(const Lane& lane, float* to) { *reinterpret_cast<Lane*>(to) = lane; }
  SVHN_INLINE static void spread(const float& word, Lane& lane) { lane = word - Lane{}; }
  SVHN_INLINE static void multiply_add(const Lane& a, const Lane& b, Lane& sum) { sum += a * b; }
};

SVHN_VECTOR_CLONES void words(const float* g, KernelShape shape, std::int64_t first, std::int64_t last,
                              bool flip, void* words) {
  kernels<FloatLanes>(g, shape, first, last, flip, words);
}

SVHN_VECTOR_CLONES void rows(const float* x, const TileGrid& grid, TileRange tiles, const float* zeros,
                             void* words) {
  window_rows<FloatLanes>(x, grid, tiles, zeros, words);
}

SVHN_VECTOR_CLONES void columns(const float* x, const TileGrid& grid, TileRange tiles, const float* zeros,
                                void* words) {
  window_columns<FloatLanes>(x, grid, tiles, zeros, words);
}

SVHN_VECTOR_CLONES void panels(const float* g, const TileGrid& grid, TileRange tiles, const float* zeros,
                               void* words, float* sums) {
  gradient_panels<FloatLanes>(g, grid, tiles, zeros, words, sums);
}

SVHN_VECTOR_CLONES void back(const float* sums, const TileGrid& grid, TileRange tiles, std::int64_t first,
                             const float* bias, float* y) {
  output<FloatLanes>(sums, grid, tiles, first, bias, y);
}

// A product's block is as large as the registers: 32 of 16 floats, or 16 of 8 or 4.
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__)
[[gnu::target("arch=x86-64-v4")]] void product_v4(const PlaceProduct& product) {
  multiply<FloatLanes, 12, 2>(product);
}

[[gnu::target("arch=x86-64-v3")]] void product_v3(const PlaceProduct& product) {
  multiply<FloatLanes, 6, 1>(product);
}
#endif

void product(const PlaceProduct& product) {
  multiply<FloatLanes, 4, 1>(product);
}

auto* best_product() {
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__)
  if (__builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl") &&
      __builtin_cpu_supports("avx512dq")) {
    return product_v4;
  }
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return product_v3;
#endif
  return product;
}

/// One input's kernels, the sums over all parts.
SVHN_VECTOR_CLONES void restore_input(const float* u, std::int64_t parts, KernelShape shape, float* g) {
  const std::int64_t panel = panel_width(shape.out), place = shape.in * panel;
  for (std::int64_t o = 0; o < shape.out; o += kLane) {
    const float* from = u + o / panel * kPlaces * place + o % panel;
    Lane sums[kPlaces], kernel[9];
    for (int k = 0; k < kPlaces; ++k) {
      sums[k] = lane_at(from + k * place);
      for (std::int64_t part = 1; part < parts; ++part) {
        sums[k] += lane_at(from + part * kPlaces * shape.in * shape.out + k * place);
      }
    }
    restore_kernel(sums, kernel);
    for (int i = 0; i < 9; ++i) lane_at(g + i * shape.out + o) = kernel[i];
  }
}

}  // namespace

void restore_kernels(const float* u, std::int64_t parts, KernelShape shape, std::int64_t first,
                     std::int64_t last, float* g) {
  for (std::int64_t c = first; c < last; ++c) {
    restore_input(u + c * panel_width(shape.out), parts, shape, g + c * 9 * shape.out);
  }
}

template <>
const WinogradKernels<float>* winograd_kernels<float>() {
  static const WinogradKernels<float> kernels{FloatLanes::kPack, words, rows, columns, panels,
                                              best_product(),    back};
  return &kernels;
}

}  // namespace svhn::compute
