#include <gtest/gtest.h>

#include "unit/network/ops/one_op.h"

namespace svhn::network {
namespace {

using model::AveragePool2dOp;
using model::MaxPool2dOp;
using model::WindowPad;
using torch::Tensor;

Tensor nine() {
  return torch::arange(9.0, torch::kFloat64).view({1, 1, 3, 3});
}

TEST(MaxPool2d, NeverTakesThePadding) {
  const Tensor x = -nine() - 1.0;
  expect_near(output_of(MaxPool2dOp{{.height = 2, .stride = 0, .pad = WindowPad::same}}, x),
              {-1, -3, -7, -9});
  expect_near(output_of(MaxPool2dOp{{.height = 2, .stride = 1}}, x), {-1, -2, -4, -5});
  expect_near(output_of(MaxPool2dOp{}, x), {-1});
  // PyTorch's padding=1: rows and columns (-,0,1), (1,2,-).
  expect_near(output_of(MaxPool2dOp{{.height = 3, .stride = 2, .pad = WindowPad::half}}, x),
              {-1, -2, -4, -5});
}

TEST(MaxPool2d, HasRectangularWindows) {
  expect_near(output_of(MaxPool2dOp{{.height = 1, .width = 3, .stride = 1}}, nine()), {2, 5, 8});
  OpCheck(MaxPool2dOp{{.height = 3, .width = 2, .stride = 2}}, {{2, 7, 6}})
      .expect([](const Tensors& x, const Tensors&) {
        std::vector<Tensor> rows;
        for (int i = 0; i < 3; ++i) rows.push_back(x[0].slice(2, 2 * i, 2 * i + 3).amax({2}));
        const Tensor tall = at::stack(rows, 2);
        return at::maximum(tall.slice(3, 0, 6, 2), tall.slice(3, 1, 6, 2));
      });
}

TEST(AveragePool2d, LeavesThePaddingOutOfTheMean) {
  const Tensor x = nine();
  expect_near(output_of(AveragePool2dOp{{.height = 2, .stride = 0, .pad = WindowPad::same}}, x),
              {2, 3.5, 6.5, 8});
  expect_near(output_of(AveragePool2dOp{{.height = 3, .stride = 1, .pad = WindowPad::same}}, x),
              {2, 2.5, 3, 3.5, 4, 4.5, 5, 5.5, 6});
  expect_near(output_of(AveragePool2dOp{{.height = 3, .stride = 0}}, x), {4});
}

TEST(AveragePool2d, CountsThePaddingInTorchvisionsBackbones) {
  // 0 + 1 + 3 + 4 of a window of 9; PyTorch's count_include_pad.
  const AveragePool2dOp op{{.height = 3, .stride = 2, .pad = WindowPad::half}, true};
  expect_near(output_of(op, nine()), {8.0 / 9, 12.0 / 9, 20.0 / 9, 24.0 / 9});
}

TEST(GlobalAveragePool, TakesTheMeanOfEachChannel) {
  expect_near(output_of(model::GlobalAveragePoolOp{}, doubles({1, 3, 10, 30}, {1, 2, 1, 2})), {2, 20});
}

TEST(GlobalMaxPool, TakesTheLargestOfEachChannel) {
  expect_near(output_of(model::GlobalMaxPoolOp{}, doubles({1, 3, -10, -30}, {1, 2, 1, 2})), {3, -10});
  OpCheck(model::GlobalMaxPoolOp{}, {{3, 4, 5}}).expect([](const Tensors& x, const Tensors&) {
    return std::get<0>(x[0].flatten(2).max(2));
  });
}

}  // namespace
}  // namespace svhn::network
