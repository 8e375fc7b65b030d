// Expected values: sums by hand, and convolutions as their definition says (naive_convolution.h).
#include <gtest/gtest.h>

#include "unit/network/ops/naive_convolution.h"
#include "unit/network/ops/one_op.h"

namespace svhn::network {
namespace {

using model::Activation;
using model::Conv2dOp;
using model::DepthwiseConv2dOp;
using model::SeparableConv2dOp;
using model::WindowPad;
using torch::Tensor;

Tensor counting(std::int64_t height, std::int64_t width) {
  return torch::arange(static_cast<double>(height * width), torch::kFloat64).view({1, 1, height, width});
}

Tensor convolve_with_ones(const Conv2dOp& op, const Tensor& input) {
  OneOp one(op, {input.sizes().slice(1).vec()});
  one.tensors()[0].fill_(1.0);
  return one.run({input});
}

TEST(Conv2d, CorrelatesAndAddsItsBias) {
  OneOp one(Conv2dOp{.filters = 1, .window = {.height = 2}}, {{1, 2, 2}});
  one.set(0, {10, 20, 30, 40});
  one.set(1, {0.5});
  // 1*10 + 2*20 + 3*30 + 4*40 + 0.5; a flipped kernel would give 200.5.
  expect_near(one.run({doubles({1, 2, 3, 4}, {1, 1, 2, 2})}), {300.5});
}

TEST(Conv2d, PadsSameWithStrideTwoAtTheEndOnly) {
  // ceil(4 / 2) = 2 outputs need 1 more row and column; TensorFlow puts them last. Sums of 3x3 windows of
  // 0..15:
  const Conv2dOp op{.filters = 1, .window = {.height = 3, .stride = 2, .pad = WindowPad::same}};
  expect_near(convolve_with_ones(op, counting(4, 4)), {45, 39, 66, 50});
}

TEST(Conv2d, PadsHalfAKernelOnEachSideWithStrideTwo) {
  // PyTorch's padding=1: windows over rows and columns (-,0,1), (1,2,3) of 0..15.
  const Conv2dOp op{.filters = 1, .window = {.height = 3, .stride = 2, .pad = WindowPad::half}};
  expect_near(convolve_with_ones(op, counting(4, 4)), {10, 24, 51, 90});
}

TEST(Conv2d, PadsSameWithStrideTwoOnBothSidesOfAnOddLength) {
  // 5 -> 3 outputs need 2 more, one on each side: windows over rows and columns (-,0,1), (1,2,3), (3,4,-).
  const Conv2dOp op{.filters = 1, .window = {.height = 3, .stride = 2, .pad = WindowPad::same}};
  expect_near(convolve_with_ones(op, counting(5, 5)), {12, 27, 24, 63, 108, 81, 72, 117, 84});
}

TEST(Conv2d, PadsEvenKernelsAtTheEnd) {
  const Conv2dOp two{.filters = 1, .window = {.height = 2, .pad = WindowPad::same}};
  expect_near(convolve_with_ones(two, counting(3, 3)), {8, 12, 7, 20, 24, 13, 13, 15, 8});
  // Kernel 4, stride 2 on 4: 2 more, one on each side: (-,0,1,2) and (1,2,3,-).
  const Conv2dOp four{.filters = 1, .window = {.height = 4, .stride = 2, .pad = WindowPad::same}};
  expect_near(convolve_with_ones(four, counting(4, 4)), {45, 54, 81, 90});
}

TEST(Conv2d, PadsOddKernelsEvenly) {
  const Conv2dOp op{.filters = 1, .window = {.height = 3, .pad = WindowPad::same}};
  expect_near(convolve_with_ones(op, counting(2, 3)), {8, 15, 12, 8, 15, 12});
}

/// @returns what a convolution of these windows should give, before its activation.
Reference naive(const NaiveConvolution& of) {
  return [of](const Tensors& inputs, const Tensors& tensors) {
    return naive_convolution(inputs[0], tensors[0], tensors.size() > 1 ? tensors[1] : Tensor(), of);
  };
}

TEST(Conv2d, SpreadsItsKernel) {
  OpCheck(Conv2dOp{.filters = 3, .window = {.height = 3, .dilation = 2}}, {{2, 7, 8}})
      .expect(naive({.dilation = 2}));
  OpCheck(Conv2dOp{.filters = 3, .window = {.height = 3, .pad = WindowPad::same, .dilation = 3}}, {{2, 7, 8}})
      .expect(naive({.dilation = 3, .top = 3, .left = 3, .bottom = 3, .right = 3}));
  // 8 columns with stride 2: 4 outputs cover 2*3 + 5 = 11, so one column before, two behind; 7 rows: 4
  // outputs cover 11, two before and two behind.
  OpCheck(
      {Conv2dOp{.filters = 2, .window = {.height = 3, .stride = 2, .pad = WindowPad::same, .dilation = 2}}},
      {{2, 7, 8}})
      .expect(naive({.stride = 2, .dilation = 2, .top = 2, .left = 1, .bottom = 2, .right = 2}));
}

TEST(Conv2d, HasARectangularKernel) {
  OpCheck(Conv2dOp{.filters = 3, .window = {.height = 1, .width = 5, .pad = WindowPad::same}}, {{2, 6, 7}})
      .expect(naive({.left = 2, .right = 2}));
  OpCheck(Conv2dOp{.filters = 3, .window = {.height = 5, .width = 1}, .use_bias = false}, {{2, 6, 7}})
      .expect(naive({}));
  // 3x3 kernels have kernels of their own; 3x1 ones must not be taken for them.
  OpCheck(Conv2dOp{.filters = 16, .window = {.height = 3, .width = 1, .pad = WindowPad::half}}, {{16, 8, 8}})
      .expect(naive({.top = 1, .bottom = 1}));
}

TEST(Conv2d, ConvolvesGroupsOfChannelsApart) {
  OpCheck(Conv2dOp{.filters = 6, .groups = 2}, {{4, 6, 7}}).expect(naive({.groups = 2}));
  OpCheck(Conv2dOp{.filters = 16,
                   .window = {.height = 3, .stride = 1, .pad = WindowPad::same},
                   .use_bias = false,
                   .groups = 8},
          {{16, 8, 8}})
      .expect(naive({.groups = 8, .top = 1, .left = 1, .bottom = 1, .right = 1}));
}

TEST(Conv2d, PadsHalfAKernel) {
  OpCheck(Conv2dOp{.filters = 3, .window = {.height = 5, .stride = 2, .pad = WindowPad::half}}, {{2, 8, 9}})
      .expect(naive({.stride = 2, .top = 2, .left = 2, .bottom = 2, .right = 2}));
}

/// The sizes that Winograd's and the small kernels take.
TEST(Conv2d, GivesTheSameFromEveryKernel) {
  for (const std::int64_t channels : {1, 3, 8, 64}) {
    OpCheck(Conv2dOp{.filters = 16, .window = {.height = 3, .pad = WindowPad::half}}, {{channels, 12, 12}})
        .expect(naive({.top = 1, .left = 1, .bottom = 1, .right = 1}), 0.03);
  }
}

TEST(Conv2d, AppliesItsActivation) {
  OpCheck(Conv2dOp{.filters = 3, .activation = Activation::relu}, {{2, 6, 7}})
      .expect([](const Tensors& x, const Tensors& w) {
        return naive_convolution(x[0], w[0], w[1], {}).clamp_min(0.0);
      });
}

TEST(DepthwiseConv2d, GivesEachChannelItsOwnKernels) {
  OpCheck(DepthwiseConv2dOp{.window = {.height = 3, .stride = 2, .pad = WindowPad::half}}, {{3, 6, 7}})
      .expect(naive({.stride = 2, .groups = 3, .top = 1, .left = 1, .bottom = 1, .right = 1}));
  // Output channels 2i and 2i + 1 read channel i.
  OpCheck(DepthwiseConv2dOp{.window = {.height = 3}, .multiplier = 2}, {{3, 6, 7}})
      .expect(naive({.groups = 3}));
  OpCheck(DepthwiseConv2dOp{.window = {.height = 3}, .use_bias = false, .activation = Activation::tanh},
          {{3, 6, 7}})
      .expect([](const Tensors& x, const Tensors& w) {
        return at::tanh(naive_convolution(x[0], w[0], {}, {.groups = 3}));
      });
}

TEST(DepthwiseConv2d, MultipliesChannelsInKerasOrder) {
  OneOp one(DepthwiseConv2dOp{.window = {.height = 1}, .multiplier = 2}, {{2, 1, 1}});
  one.set(0, {2, 3, 5, 7});
  one.set(1, {0, 0, 0.5, 0});
  expect_near(one.run({doubles({10, 100}, {1, 2, 1, 1})}), {20, 30, 500.5, 700});
}

TEST(SeparableConv2d, IsADepthwiseThenAPointwiseConvolution) {
  const auto reference = [](const NaiveConvolution& of) {
    return [of](const Tensors& x, const Tensors& w) {
      const Tensor depthwise = naive_convolution(x[0], w[0], {}, of);
      return naive_convolution(depthwise, w[1], w.size() > 2 ? w[2] : Tensor(), {});
    };
  };
  OpCheck(SeparableConv2dOp{.filters = 4, .use_bias = false}, {{3, 6, 7}}).expect(reference({.groups = 3}));
  // The bias is added once, behind the pointwise convolution.
  OpCheck(
      SeparableConv2dOp{
          .filters = 4, .window = {.height = 3, .stride = 2, .pad = WindowPad::same}, .multiplier = 2},
      {{3, 7, 7}})
      .expect(reference({.stride = 2, .groups = 3, .top = 1, .left = 1, .bottom = 1, .right = 1}), 0.03);
}

TEST(SeparableConv2d, AppliesItsActivationAtTheEnd) {
  OneOp one(SeparableConv2dOp{.filters = 1, .window = {.height = 1}, .activation = Activation::relu},
            {{2, 1, 1}});
  one.set(0, {1, 1});
  one.set(1, {-2, 1});
  one.set(2, {3});
  // -2 * -1 + 1 * 4 + 3: a ReLU in between would lose the first term.
  expect_near(one.run({doubles({-1, 4}, {1, 2, 1, 1})}), {9});
  expect_near(one.run({doubles({5, 4}, {1, 2, 1, 1})}), {0});
}

}  // namespace
}  // namespace svhn::network
