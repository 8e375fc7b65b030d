// Every instruction set's kernels against the plain ones, which run on every processor, on shapes that cover
// every branch.
#include "kernels/winograd/kernels.h"

#include <gtest/gtest.h>
#include <torch/types.h>

namespace svhn::kernels {
namespace {

using torch::Tensor;

/// The output of each kernel of a table for one batch.
class Steps {
 public:
  explicit Steps(const WinogradKernels<float>& kernels) : kernels_(kernels) { torch::manual_seed(3); }

  std::vector<Tensor> run() {
    const Tensor x = torch::randn({2, 7, 5, kIn}), zeros = torch::zeros({kIn});
    const Tensor g = torch::randn({2, 7, 5, kOut}), kernel = torch::randn({kIn, 3, 3, kOut});
    const Tensor words = make(kWindowElements * kIn * kOut), rows = make(kWindowElements * kTiles * kIn);
    const Tensor columns = make(kWindowElements * kTiles * kIn),
                 panels = make(kWindowElements * kTiles * kOut);
    const Tensor bias = torch::zeros({kOut}), y = make(2 * 7 * 5 * kOut);
    const Tensor product = make(kTiles * kIn), sums = make(kWindowElements * kTiles * kPanel),
                 restored = make(9 * kIn * kOut);
    kernels_.kernel_panels(at(kernel), {kIn, kOut}, 0, kIn, true, words.data_ptr());
    kernels_.window_rows(at(x), kGrid, kRange, at(zeros), rows.data_ptr());
    kernels_.window_columns(at(x), kGrid, kRange, at(zeros), columns.data_ptr());
    kernels_.gradient_panels(at(g), kGrid, kRange, at(zeros), panels.data_ptr(), at(bias));
    for (std::int64_t i = 0; i < kWindowElements; ++i) {
      kernels_.multiply({at(rows) + i * kTiles * kIn, kIn, 1, at(words) + i * kIn * kPanel,
                         at(sums) + i * kTiles * kPanel, kTiles, kPanel, kIn, false});
    }
    kernels_.multiply({at(columns), 1, kIn, at(panels), at(product), kIn, kPanel, kTiles, true});
    kernels_.output(at(sums), kGrid, kRange, 0, at(bias), at(y));
    kernels_.kernel_gradients(at(words), 1, {kIn, kOut}, 0, kIn, at(restored));
    return {words, rows, columns, panels, bias, sums, product, y, restored};
  }

 private:
  static constexpr std::int64_t kIn = 32, kOut = 16, kPanel = 16, kTiles = 36;
  static constexpr TileRange kRange{0, kTiles};  // 32 tiles and four of zeros.
  static constexpr TileGrid kGrid{{2, 7, 5, kIn}, {2, 7, 5, kOut}, 1};

  static Tensor make(std::int64_t count) { return torch::zeros({count}); }
  static float* at(const Tensor& x) { return static_cast<float*>(x.data_ptr()); }

  const WinogradKernels<float>& kernels_;
};

TEST(WinogradKernels, AreTheSameForEveryInstructionSet) {
  const auto tables = float_winograd_kernels();
  const std::vector<Tensor> plain = Steps(*tables.back()).run();
  for (const auto* table : tables) {
    const std::vector<Tensor> own = Steps(*table).run();
    for (std::size_t i = 0; i < own.size(); ++i) {
      EXPECT_GT(own[i].abs().max().item().toFloat(), 0.0F) << "step " << i;
      EXPECT_LE((own[i] - plain[i]).norm().item().toDouble(), 1e-6 * plain[i].norm().item().toDouble()) << i;
    }
  }
}

}  // namespace
}  // namespace svhn::kernels
