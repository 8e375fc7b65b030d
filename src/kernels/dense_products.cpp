#include "kernels/dense_products.h"

#include <ATen/Parallel.h>

#include "core/vector_clones.h"
#include "kernels/dense_loops.h"

namespace svhn::kernels {
namespace {

/// Multiplications per thread: about 150 us of one core. Starting another thread and waiting for it takes 30
/// us, and that thread cannot prepare the next batch meanwhile.
constexpr std::int64_t kTaskProducts = 8 << 20;
/// Minimum of columns per thread: full cache lines, and vectors of any width.
constexpr std::int64_t kStrip = 64;

struct Kernels {
  void (*dots)(const DotProducts& products, std::int64_t first, std::int64_t last);
  void (*outer)(const OuterProduct& product, std::int64_t first, std::int64_t last);
};

// A block fills the registers: 32 of 16 floats, 16 of 8, or the baseline's of 4.
#if SVHN_X86_TARGETS
[[gnu::target("arch=x86-64-v4")]] void dots_v4(const DotProducts& p, std::int64_t first, std::int64_t last) {
  dot_products<16, 4>(p, first, last);
}

[[gnu::target("arch=x86-64-v4")]] void outer_v4(const OuterProduct& p, std::int64_t first,
                                                std::int64_t last) {
  outer_products<16, 4, 4>(p, first, last);
}

[[gnu::target("arch=x86-64-v3")]] void dots_v3(const DotProducts& p, std::int64_t first, std::int64_t last) {
  dot_products<8, 4>(p, first, last);
}

[[gnu::target("arch=x86-64-v3")]] void outer_v3(const OuterProduct& p, std::int64_t first,
                                                std::int64_t last) {
  outer_products<8, 6, 2>(p, first, last);
}
#endif

void dots_plain(const DotProducts& p, std::int64_t first, std::int64_t last) {
  dot_products<4, 2>(p, first, last);
}

void outer_plain(const OuterProduct& p, std::int64_t first, std::int64_t last) {
  outer_products<4, 4, 2>(p, first, last);
}

Kernels best_kernels() {
#if SVHN_X86_TARGETS
  if (core::runs_v4()) return {dots_v4, outer_v4};
  if (core::runs_v3()) return {dots_v3, outer_v3};
#endif
  return {dots_plain, outer_plain};
}

const Kernels& kernels() {
  static const Kernels best = best_kernels();
  return best;
}

std::int64_t strips_of(std::int64_t columns) {
  return std::max<std::int64_t>(1, columns / kStrip);
}

/// @returns the minimum of strips per thread.
std::int64_t grain_of(std::int64_t strips, std::int64_t products) {
  return std::max<std::int64_t>(1, strips * kTaskProducts / products);
}

/// Calls `work(first, last)` for ranges of [0, columns) in parallel; the last range takes the remainder.
template <class Work>
void in_strips(std::int64_t columns, std::int64_t products, const Work& work) {
  const std::int64_t strips = strips_of(columns);
  at::parallel_for(0, strips, grain_of(strips, products), [&](std::int64_t begin, std::int64_t end) {
    work(begin * kStrip, end == strips ? columns : end * kStrip);
  });
}

std::int64_t products_of(const DenseSizes& sizes) {
  return sizes.images * sizes.inputs * sizes.outputs;
}

void outer_in_strips(const OuterProduct& product, const DenseSizes& sizes) {
  in_strips(product.columns, products_of(sizes),
            [&](std::int64_t first, std::int64_t last) { kernels().outer(product, first, last); });
}

}  // namespace

bool dense_is_parallel(const DenseSizes& sizes) {
  const std::int64_t strips = strips_of(sizes.outputs);
  return at::get_num_threads() > 1 && strips > grain_of(strips, products_of(sizes));
}

void dense_forward(const float* x, const float* w, const float* bias, float* y, const DenseSizes& sizes) {
  in_strips(sizes.outputs, products_of(sizes), [&](std::int64_t first, std::int64_t last) {
    kernels().dots({x, w, bias, y, sizes}, first, last);
  });
}

void dense_weight_gradient(const float* dy, const float* x, float* dw, const DenseSizes& sizes) {
  outer_in_strips({dy, x, dw, 1, sizes.outputs, sizes.outputs, sizes.inputs, sizes.images}, sizes);
}

void dense_input_gradient(const float* dy, const float* w, float* dx, const DenseSizes& sizes) {
  outer_in_strips({dy, w, dx, sizes.outputs, 1, sizes.images, sizes.inputs, sizes.outputs}, sizes);
}

}  // namespace svhn::kernels
