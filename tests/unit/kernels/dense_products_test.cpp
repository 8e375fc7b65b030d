// The expected values are the sums themselves, in double.
#include "kernels/dense_products.h"

#include <ATen/Parallel.h>
#include <gtest/gtest.h>

#include <cmath>
#include <string>
#include <vector>

#include "core/random.h"
#include "kernels/dense_loops.h"

namespace svhn::kernels {
namespace {

using Floats = std::vector<float>;

Floats draw(std::int64_t count, const std::string& name) {
  core::CounterRandom random(3, core::stream_id(name));
  Floats values(static_cast<std::size_t>(count));
  for (float& value : values) value = static_cast<float>(random.uniform(-1.0, 1.0));
  return values;
}

/// @param term returns the two factors of the sum's i-th term.
template <class Term>
void expect_sum(float got, double start, std::int64_t count, const Term& term) {
  double sum = start, size = std::abs(start);
  for (std::int64_t i = 0; i < count; ++i) {
    const auto [a, b] = term(i);
    sum += static_cast<double>(a) * static_cast<double>(b);
    size += std::abs(static_cast<double>(a) * static_cast<double>(b));
  }
  EXPECT_NEAR(got, sum, 1e-6 * size);
}

struct Case {
  DenseSizes sizes;
  Floats x = draw(sizes.images * sizes.inputs, "x");
  Floats w = draw(sizes.outputs * sizes.inputs, "w");
  Floats dy = draw(sizes.images * sizes.outputs, "dy");
  Floats bias = draw(sizes.outputs, "bias");
  Floats y = Floats(dy.size());
  Floats dx = Floats(x.size());
  Floats dw = Floats(w.size());

  [[nodiscard]] float x_at(std::int64_t n, std::int64_t i) const { return x[n * sizes.inputs + i]; }
  [[nodiscard]] float w_at(std::int64_t o, std::int64_t i) const { return w[o * sizes.inputs + i]; }
  [[nodiscard]] float dy_at(std::int64_t n, std::int64_t o) const { return dy[n * sizes.outputs + o]; }

  void expect_right() const {
    using Pair = std::pair<float, float>;
    const auto [images, inputs, outputs] = sizes;
    for (std::int64_t n = 0; n < images; ++n) {
      for (std::int64_t o = 0; o < outputs; ++o) {
        expect_sum(y[n * outputs + o], bias[o], inputs,
                   [&, n = n, o = o](std::int64_t i) { return Pair(x_at(n, i), w_at(o, i)); });
      }
    }
    for (std::int64_t i = 0; i < inputs; ++i) {
      for (std::int64_t o = 0; o < outputs; ++o) {
        expect_sum(dw[o * inputs + i], 0.0, images,
                   [&, i = i, o = o](std::int64_t n) { return Pair(dy_at(n, o), x_at(n, i)); });
      }
      for (std::int64_t n = 0; n < images; ++n) {
        expect_sum(dx[n * inputs + i], 0.0, outputs,
                   [&, i = i, n = n](std::int64_t o) { return Pair(dy_at(n, o), w_at(o, i)); });
      }
    }
  }

  /// @param products `dense_forward` or a gradient with these operands.
  template <int kLanes, int kRows, int kVectors>
  SVHN_INLINE void run_loops() {
    const auto [images, inputs, outputs] = sizes;
    dot_products<kLanes, 4>({x.data(), w.data(), bias.data(), y.data(), sizes}, 0, outputs);
    outer_products<kLanes, kRows, kVectors>(
        {dy.data(), x.data(), dw.data(), 1, outputs, outputs, inputs, images}, 0, inputs);
    outer_products<kLanes, kRows, kVectors>(
        {dy.data(), w.data(), dx.data(), outputs, 1, images, inputs, outputs}, 0, inputs);
  }
};

/// Sizes with full blocks and with remainders of rows, columns and depth.
const std::vector<DenseSizes> kSizes{{8, 64, 16},  {5, 37, 11},  {3, 7, 2},      {1, 1, 1},
                                     {9, 83, 130}, {6, 2061, 5}, {530, 1024, 3}, {2, 70, 2100}};

TEST(DenseProducts, AreTheSums) {
  for (const DenseSizes& sizes : kSizes) {
    Case one{sizes};
    dense_forward(one.x.data(), one.w.data(), one.bias.data(), one.y.data(), sizes);
    dense_weight_gradient(one.dy.data(), one.x.data(), one.dw.data(), sizes);
    dense_input_gradient(one.dy.data(), one.w.data(), one.dx.data(), sizes);
    one.expect_right();
  }
}

void run_plain(Case& one) {
  one.run_loops<4, 4, 2>();
}

#if SVHN_X86_TARGETS
[[gnu::target("arch=x86-64-v3")]] void run_v3(Case& one) {
  one.run_loops<8, 6, 2>();
}
#endif

TEST(DenseProducts, AreTheSumsOnOlderProcessorsToo) {
  for (const DenseSizes& sizes : kSizes) {
    Case plain{sizes};
    run_plain(plain);
    plain.expect_right();
#if SVHN_X86_TARGETS
    if (!core::runs_v3()) continue;
    Case v3{sizes};
    run_v3(v3);
    v3.expect_right();
#endif
  }
}

TEST(DenseProducts, AreTheSameBytesForAnyNumberOfThreads) {
  const DenseSizes sizes{80, 1000, 300};  // Large enough for several threads.
  const int before = at::get_num_threads();
  Case one{sizes}, three{sizes};
  for (Case* run : {&one, &three}) {
    at::set_num_threads(run == &one ? 1 : 3);
    dense_forward(run->x.data(), run->w.data(), nullptr, run->y.data(), sizes);
    dense_weight_gradient(run->dy.data(), run->x.data(), run->dw.data(), sizes);
    dense_input_gradient(run->dy.data(), run->w.data(), run->dx.data(), sizes);
  }
  at::set_num_threads(before);
  EXPECT_EQ(one.y, three.y);
  EXPECT_EQ(one.dw, three.dw);
  EXPECT_EQ(one.dx, three.dx);
}

TEST(DenseProducts, TakeThreadsWhereTheyAreLarge) {
  const int before = at::get_num_threads();
  at::set_num_threads(2);
  EXPECT_TRUE(dense_is_parallel({64, 3072, 128}));
  EXPECT_FALSE(dense_is_parallel({64, 1024, 128}));
  EXPECT_FALSE(dense_is_parallel({4096, 3072, 10})) << "its columns are too few";
  at::set_num_threads(1);
  EXPECT_FALSE(dense_is_parallel({64, 3072, 128}));
  at::set_num_threads(before);
}

}  // namespace
}  // namespace svhn::kernels
