#include "model/plan.h"

#include <gtest/gtest.h>

namespace svhn::model {
namespace {

const Shape kGrey{1, 32, 32};
constexpr PlanRules kAnyOutput{.outputs = 0};

ModelSpec network(std::vector<LayerKind> kinds) {
  ModelSpec spec;
  for (auto& kind : kinds) spec.layers.push_back({"", std::move(kind)});
  return spec;
}

Shape output_of(const LayerKind& kind, const Shape& input) {
  return plan_network(network({kind}), input, kAnyOutput).layers.back().output;
}

std::string plan_refusal(const ModelSpec& spec, const Shape& input = kGrey,
                         const PlanRules& rules = kAnyOutput) {
  try {
    plan_network(spec, input, rules);
  } catch (const core::Error& error) {
    EXPECT_EQ(error.code(), rules.code);
    EXPECT_FALSE(error.hint().empty());
    return error.what();
  }
  return "";
}

// Expected sizes: Keras' documentation of padding, valid floor((n - k) / s) + 1 and same ceil(n / s).
TEST(PlanNetwork, FollowsKerasWindowArithmetic) {
  using P = Padding;
  const Shape image{3, 32, 31};
  EXPECT_EQ(output_of(Conv2dSpec{.filters = 8}, image), (Shape{8, 30, 29}));
  EXPECT_EQ(output_of(Conv2dSpec{.filters = 8, .padding = P::same}, image), (Shape{8, 32, 31}));
  EXPECT_EQ(output_of(Conv2dSpec{.filters = 8, .kernel = 4, .stride = 3}, image), (Shape{8, 10, 10}));
  EXPECT_EQ(output_of(Conv2dSpec{.filters = 8, .stride = 2, .padding = P::same}, image), (Shape{8, 16, 16}));
  EXPECT_EQ(output_of(MaxPool2dSpec{}, image), (Shape{3, 16, 15}));
  EXPECT_EQ(output_of(MaxPool2dSpec{.size = 2, .padding = P::same}, image), (Shape{3, 16, 16}));
  EXPECT_EQ(output_of(AveragePool2dSpec{.size = 3, .stride = 1}, image), (Shape{3, 30, 29}));
  EXPECT_EQ(output_of(AveragePool2dSpec{.size = 40, .padding = P::same}, image), (Shape{3, 1, 1}));
}

TEST(PlanNetwork, ShapesTheOtherLayers) {
  EXPECT_EQ(output_of(FlattenSpec{}, {3, 32, 31}), Shape{2976});
  EXPECT_EQ(output_of(ReshapeSpec{{4, 8, 32}}, kGrey), (Shape{4, 8, 32}));
  EXPECT_EQ(output_of(GlobalAveragePoolSpec{}, {7, 2, 3}), Shape{7});
  EXPECT_EQ(output_of(ResizeSpec{75, 80}, kGrey), (Shape{1, 75, 80}));
  EXPECT_EQ(output_of(DropoutSpec{}, kGrey), kGrey);
  EXPECT_EQ(output_of(ActivationSpec{}, kGrey), kGrey);
  EXPECT_EQ(output_of(BatchNormSpec{}, kGrey), kGrey);
}

TEST(PlanNetwork, ListsTensorsInPyTorchLayout) {
  ModelSpec spec = network({Conv2dSpec{.filters = 4, .l2 = 0.5}, BatchNormSpec{}, FlattenSpec{},
                            DenseSpec{.units = 10, .use_bias = false}});
  spec.layers[3].trainable = false;
  const NetworkPlan plan = plan_network(spec, kGrey);
  const auto& conv = plan.layers[0].tensors;
  ASSERT_EQ(conv.size(), 2U);
  EXPECT_EQ(conv[0].name, "conv2d_1.weight");
  EXPECT_EQ(conv[0].shape, (Shape{4, 1, 3, 3}));
  EXPECT_EQ(conv[0].role, TensorRole::kernel);
  EXPECT_EQ(conv[0].l2, 0.5);
  EXPECT_EQ(conv[1].name, "conv2d_1.bias");
  EXPECT_EQ(conv[1].shape, Shape{4});
  EXPECT_EQ(conv[1].l2, 0.0);
  const auto& norm = plan.layers[1].tensors;
  ASSERT_EQ(norm.size(), 4U);
  EXPECT_EQ(norm[0].role, TensorRole::gamma);
  EXPECT_EQ(norm[1].name, "batch_norm_1.bias");
  EXPECT_EQ(norm[2].name, "batch_norm_1.running_mean");
  EXPECT_EQ(norm[3].role, TensorRole::running_var);
  EXPECT_TRUE(norm[0].trainable);
  EXPECT_FALSE(norm[3].trainable);
  const auto& dense = plan.layers[3].tensors;
  ASSERT_EQ(dense.size(), 1U);
  EXPECT_EQ(dense[0].shape, (Shape{10, 4 * 30 * 30}));
  EXPECT_FALSE(dense[0].trainable);
}

TEST(PlanNetwork, CountsFrozenAndRunningTensorsAsKerasDoes) {
  ModelSpec spec = network({FlattenSpec{}, DenseSpec{.units = 5}, BatchNormSpec{}, DenseSpec{.units = 10}});
  // By hand: 1024*5+5 = 5125; batch norm 4*5, half of it trainable; 5*10+10 = 60.
  EXPECT_EQ(plan_network(spec, kGrey).counts.total, 5125 + 20 + 60);
  EXPECT_EQ(plan_network(spec, kGrey).counts.trainable, 5125 + 10 + 60);
  EXPECT_EQ(plan_network(spec, kGrey).counts.non_trainable, 10);
  spec.layers[1].trainable = false;
  spec.layers[2].trainable = false;
  EXPECT_EQ(plan_network(spec, kGrey).counts.trainable, 60);
  EXPECT_EQ(plan_network(spec, kGrey).counts.non_trainable, 5145);
}

TEST(PlanNetwork, NamesLayerAndShapesThatDoNotFit) {
  EXPECT_EQ(plan_refusal(network({MaxPool2dSpec{}, DenseSpec{.units = 1}})),
            "layer 'dense_1' (dense): needs a vector, but its input is [1,16,16]");
  EXPECT_EQ(plan_refusal(network({FlattenSpec{}, Conv2dSpec{.filters = 1}})),
            "layer 'conv2d_1' (conv2d): needs an image [channels,height,width], but its input is [1024]");
  EXPECT_EQ(plan_refusal(network({FlattenSpec{}, GlobalAveragePoolSpec{}})),
            "layer 'global_average_pool_1' (global_average_pool): needs an image [channels,height,width], "
            "but its input is [1024]");
  EXPECT_EQ(plan_refusal(network({ReshapeSpec{{3, 3}}})),
            "layer 'reshape_1' (reshape): cannot give its input [1,32,32] the shape [3,3]");
  EXPECT_EQ(plan_refusal(network({ReshapeSpec{{32, 32}}, BatchNormSpec{}})),
            "layer 'batch_norm_1' (batch_norm): needs an image or a vector, but its input is [32,32]");
}

TEST(PlanNetwork, RefusesWindowsLargerThanTheirInput) {
  EXPECT_EQ(plan_refusal(network({Conv2dSpec{.filters = 1, .kernel = 33}})),
            "layer 'conv2d_1' (conv2d): its 33x33 window is larger than its input [1,32,32]");
  EXPECT_EQ(plan_refusal(network({ResizeSpec{1, 9}, MaxPool2dSpec{}})),
            "layer 'max_pool2d_1' (max_pool2d): its 2x2 window is larger than its input [1,1,9]");
}

TEST(PlanNetwork, RefusesSizesThatAreNotPositive) {
  EXPECT_EQ(plan_refusal(network({FlattenSpec{}, DenseSpec{.units = 0}})),
            "layer 'dense_1' (dense): units is 0, expected 1 or more");
  EXPECT_EQ(plan_refusal(network({MaxPool2dSpec{.size = 2, .stride = -1}})),
            "layer 'max_pool2d_1' (max_pool2d): stride is -1, expected 1 or more");
  EXPECT_EQ(plan_refusal(network({ReshapeSpec{{-1, -1024}}})),
            "layer 'reshape_1' (reshape): a size of its shape is -1, expected 1 or more");
}

TEST(PlanNetwork, BoundsSizesBeforeTheyOverflow) {
  constexpr std::int64_t kHuge = std::int64_t{1} << 31;
  EXPECT_EQ(
      plan_refusal(network({ResizeSpec{kHuge, kHuge}})),
      "layer 'resize_1' (resize): its output [1,2147483648,2147483648] holds more than 268435456 numbers");
  EXPECT_EQ(plan_refusal(network({Conv2dSpec{.filters = 65536, .kernel = 65536, .padding = Padding::same}})),
            "layer 'conv2d_1' (conv2d): the weight [65536,1,65536,65536] brings the network above 2147483648 "
            "parameters");
  // 2 * 1024 * 1,000,000 = 2.05e9 stays below 2^31, the third pushes it above.
  const DenseSpec wide{.units = 1'000'000};
  EXPECT_NE(plan_refusal(network({FlattenSpec{}, wide, DenseSpec{.units = 1024}, wide})), "");
  EXPECT_EQ(plan_refusal(network({FlattenSpec{}, wide, DenseSpec{.units = 1024}})), "");
  EXPECT_NE(plan_refusal(network({FlattenSpec{}}), {kHuge, kHuge, kHuge}), "");
}

TEST(PlanNetwork, TakesOnlyImagesAsInput) {
  EXPECT_EQ(plan_refusal(network({FlattenSpec{}}), {1024}),
            "a network's input must be [channels,height,width], not [1024]");
  EXPECT_NE(plan_refusal(network({FlattenSpec{}}), {0, 32, 32}), "");
  EXPECT_EQ(plan_refusal({}), "the network has no layers");
}

TEST(PlanNetwork, InsistsOnTenNumbersAtTheEnd) {
  const ModelSpec spec = network({FlattenSpec{}, DenseSpec{.units = 11}});
  EXPECT_EQ(plan_refusal(spec, kGrey, {}),
            "layer 'dense_1' (dense): the last layer must give 10 numbers, but gives [11]");
  EXPECT_EQ(plan_refusal(spec, kGrey, {.outputs = 11, .code = core::ExitCode::model}), "");
  EXPECT_EQ(plan_refusal(spec, kGrey, {.outputs = 12, .code = core::ExitCode::model}),
            "layer 'dense_1' (dense): the last layer must give 12 numbers, but gives [11]");
}

TEST(PlanNetwork, AllowsSoftmaxInTheLastLayerOnly) {
  const DenseSpec softmax{.units = 10, .activation = Activation::softmax};
  EXPECT_EQ(plan_refusal(network({FlattenSpec{}, softmax})), "");
  EXPECT_EQ(plan_refusal(network({FlattenSpec{}, ActivationSpec{Activation::softmax}})), "");
  EXPECT_EQ(plan_refusal(network({FlattenSpec{}, softmax, DropoutSpec{}})),
            "layer 'dense_1' (dense): softmax may stand in the last layer only");
  EXPECT_NE(
      plan_refusal(network({Conv2dSpec{.filters = 1, .activation = Activation::softmax}, FlattenSpec{}})),
      "");
  EXPECT_NE(plan_refusal(network({ActivationSpec{Activation::softmax}, FlattenSpec{}})), "");
}

TEST(PlanNetwork, RefusesNamesThatCannotNameTensors) {
  EXPECT_EQ(plan_refusal({{{"a", FlattenSpec{}}, {"a", DropoutSpec{}}}}),
            "layer 1 is called 'a' as an earlier one is");
  EXPECT_EQ(plan_refusal({{{"a.b", FlattenSpec{}}}}), "layer 0 has a name that is not allowed");
}

}  // namespace
}  // namespace svhn::model
