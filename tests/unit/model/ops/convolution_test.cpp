// Sizes by hand: PyTorch's floor((side + padding - dilation (kernel - 1) - 1) / stride) + 1.
#include "model/ops/convolution.h"

#include "unit/model/ops/infer.h"

namespace svhn::model {
namespace {

const Shape kImage{4, 11, 12};

TEST(Conv2dOp, SpreadsItsKernelByItsDilation) {
  const auto shape = [](std::int64_t dilation, WindowPad pad, std::int64_t stride = 1) {
    return output_of(
        Conv2dOp{.filters = 2, .window = {.height = 3, .stride = stride, .pad = pad, .dilation = dilation}},
        {kImage});
  };
  EXPECT_EQ(shape(2, WindowPad::valid), (Shape{2, 7, 8}));  // 11 - 5 + 1, 12 - 5 + 1
  EXPECT_EQ(shape(2, WindowPad::same), (Shape{2, 11, 12}));
  EXPECT_EQ(shape(2, WindowPad::half), (Shape{2, 11, 12}));
  EXPECT_EQ(shape(3, WindowPad::valid, 2), (Shape{2, 3, 3}));  // (11 - 7) / 2 + 1, (12 - 7) / 2 + 1
  EXPECT_EQ(shape(5, WindowPad::valid), (Shape{2, 1, 2}));
  EXPECT_EQ(op_refusal(Conv2dOp{.filters = 2, .window = {.height = 3, .dilation = 6}}, {kImage}),
            "its 13x13 window is larger than its input [4,11,12]");
}

TEST(Conv2dOp, HasARectangularKernel) {
  const OpPlan plan = infer(Conv2dOp{.filters = 2, .window = {.height = 1, .width = 7}}, {kImage});
  EXPECT_EQ(plan.output, (Shape{2, 11, 6}));
  EXPECT_EQ(tensors_text(plan), "weight[2,4,1,7] bias[2]");
  EXPECT_EQ(op_refusal(Conv2dOp{.filters = 2, .window = {.height = 1, .width = 13}}, {kImage}),
            "its 1x13 window is larger than its input [4,11,12]");
}

TEST(Conv2dOp, PadsHalfAKernelOnEachSideAsPyTorch) {
  const auto shape = [](std::int64_t kernel, std::int64_t stride) {
    return output_of(
        Conv2dOp{.filters = 1, .window = {.height = kernel, .stride = stride, .pad = WindowPad::half}},
        {kImage});
  };
  EXPECT_EQ(shape(3, 2), (Shape{1, 6, 6}));  // (11 + 2 - 3) / 2 + 1, (12 + 2 - 3) / 2 + 1
  EXPECT_EQ(shape(7, 2), (Shape{1, 6, 6}));  // (11 + 6 - 7) / 2 + 1, (12 + 6 - 7) / 2 + 1
  EXPECT_EQ(shape(1, 2), (Shape{1, 6, 6}));
  EXPECT_EQ(shape(5, 1), (Shape{1, 11, 12}));
}

TEST(Conv2dOp, DividesChannelsIntoGroups) {
  const OpPlan plan = infer(Conv2dOp{.filters = 6, .use_bias = false, .groups = 2}, {kImage});
  EXPECT_EQ(tensors_text(plan), "weight[6,2,3,3]");
  EXPECT_EQ(op_refusal(Conv2dOp{.filters = 6, .groups = 4}, {kImage}),
            "its 4 groups divide neither its 4 input channels nor its 6 filters evenly");
  EXPECT_NE(op_refusal(Conv2dOp{.filters = 6, .groups = 3}, {kImage}), "");
  EXPECT_EQ(op_refusal(Conv2dOp{.filters = 6, .groups = 0}, {kImage}), "groups is 0, expected 1 or more");
  EXPECT_EQ(op_refusal(Conv2dOp{.filters = 1, .window = {.height = 3, .dilation = 0}}, {kImage}),
            "dilation is 0, expected 1 or more");
}

TEST(Conv2dOp, WhitensWithTwoFiltersForEachComponentAtMost) {
  const auto whitening = [](std::int64_t filters, std::int64_t groups = 1) {
    return op_refusal(Conv2dOp{.filters = filters,
                               .window = {.height = 2},
                               .groups = groups,
                               .initializer = KernelInitializer::whitening},
                      {kImage});
  };
  EXPECT_EQ(whitening(32), "");
  EXPECT_EQ(whitening(6), "");
  EXPECT_EQ(whitening(33), "its 33 filters are not an even number up to 2 x 16, the numbers of a patch");
  EXPECT_EQ(whitening(34), "its 34 filters are not an even number up to 2 x 16, the numbers of a patch");
  EXPECT_EQ(whitening(8, 2), "whitening looks at all channels, but it has groups");
}

TEST(Conv2dOp, GivesPenaltiesToItsWeightAlone) {
  const OpPlan plan = infer(Conv2dOp{.filters = 2, .l1 = 0.5, .l2 = 0.25}, {kImage});
  EXPECT_EQ(plan.tensors[0].l1, 0.5);
  EXPECT_EQ(plan.tensors[0].l2, 0.25);
  EXPECT_EQ(plan.tensors[1].l1, 0.0);
  EXPECT_EQ(plan.tensors[1].l2, 0.0);
}

TEST(DepthwiseConv2dOp, GivesEachChannelItsKernels) {
  const OpPlan plan =
      infer(DepthwiseConv2dOp{.window = {.height = 3, .stride = 2, .pad = WindowPad::same}, .multiplier = 3},
            {kImage});
  EXPECT_EQ(plan.output, (Shape{12, 6, 6}));
  EXPECT_EQ(tensors_text(plan), "weight[12,1,3,3] bias[12]");
  EXPECT_EQ(tensors_text(infer(DepthwiseConv2dOp{.use_bias = false}, {kImage})), "weight[4,1,3,3]");
  EXPECT_EQ(op_refusal(DepthwiseConv2dOp{.multiplier = 0}, {kImage}),
            "depth_multiplier is 0, expected 1 or more");
  EXPECT_EQ(op_refusal(DepthwiseConv2dOp{}, {{7}}),
            "needs an image [channels,height,width], but its input is [7]");
  EXPECT_EQ(op_refusal(DepthwiseConv2dOp{}, {{4, 2, 9}}), "its 3x3 window is larger than its input [4,2,9]");
}

TEST(SeparableConv2dOp, HasADepthwiseAndAPointwiseKernel) {
  const OpPlan plan = infer(SeparableConv2dOp{.filters = 5, .multiplier = 2}, {kImage});
  EXPECT_EQ(plan.output, (Shape{5, 9, 10}));
  EXPECT_EQ(tensors_text(plan), "depthwise.weight[8,1,3,3] pointwise.weight[5,8,1,1] bias[5]");
  EXPECT_EQ(tensors_text(infer(SeparableConv2dOp{.filters = 5, .use_bias = false}, {kImage})),
            "depthwise.weight[4,1,3,3] pointwise.weight[5,4,1,1]");
  EXPECT_EQ(op_refusal(SeparableConv2dOp{}, {kImage}), "filters is 0, expected 1 or more");
  EXPECT_EQ(op_refusal(SeparableConv2dOp{.filters = 1, .multiplier = -1}, {kImage}),
            "depth_multiplier is -1, expected 1 or more");
  EXPECT_NE(op_refusal(SeparableConv2dOp{.filters = 1}, {{7}}), "");
}

}  // namespace
}  // namespace svhn::model
