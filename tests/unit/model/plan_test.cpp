#include "model/plan.h"

#include <gtest/gtest.h>

namespace svhn::model {
namespace {

const Shape kGrey{1, 32, 32};
constexpr PlanRules kAnyOutput{.outputs = 0};

ModelSpec network(std::vector<Operation> ops) {
  ModelSpec spec;
  for (auto& op : ops) spec.layers.push_back({"", std::move(op)});
  return spec;
}

Shape output_of(const Operation& op, const Shape& input) {
  return plan_network(network({op}), input, kAnyOutput).output();
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
  using P = WindowPad;
  const Shape image{3, 32, 31};
  EXPECT_EQ(output_of(Conv2dOp{.filters = 8}, image), (Shape{8, 30, 29}));
  EXPECT_EQ(output_of(Conv2dOp{.filters = 8, .window = {.height = 3, .pad = P::same}}, image),
            (Shape{8, 32, 31}));
  EXPECT_EQ(output_of(Conv2dOp{.filters = 8, .window = {.height = 4, .stride = 3}}, image),
            (Shape{8, 10, 10}));
  EXPECT_EQ(output_of(Conv2dOp{.filters = 8, .window = {.height = 3, .stride = 2, .pad = P::same}}, image),
            (Shape{8, 16, 16}));
  EXPECT_EQ(output_of(MaxPool2dOp{}, image), (Shape{3, 16, 15}));
  EXPECT_EQ(output_of(MaxPool2dOp{.window = {.height = 2, .stride = 0, .pad = P::same}}, image),
            (Shape{3, 16, 16}));
  EXPECT_EQ(output_of(AveragePool2dOp{.window = {.height = 3, .stride = 1}}, image), (Shape{3, 30, 29}));
  EXPECT_EQ(output_of(AveragePool2dOp{.window = {.height = 40, .stride = 0, .pad = P::same}}, image),
            (Shape{3, 1, 1}));
}

TEST(PlanNetwork, ShapesTheOtherLayers) {
  EXPECT_EQ(output_of(FlattenOp{}, {3, 32, 31}), Shape{2976});
  EXPECT_EQ(output_of(ReshapeOp{{4, 8, 32}}, kGrey), (Shape{4, 8, 32}));
  EXPECT_EQ(output_of(GlobalAveragePoolOp{}, {7, 2, 3}), Shape{7});
  EXPECT_EQ(output_of(ResizeOp{75, 80}, kGrey), (Shape{1, 75, 80}));
  EXPECT_EQ(output_of(DropoutOp{}, kGrey), kGrey);
  EXPECT_EQ(output_of(ActivationOp{}, kGrey), kGrey);
  EXPECT_EQ(output_of(BatchNormOp{}, kGrey), kGrey);
}

TEST(PlanNetwork, ListsTensorsInPyTorchLayout) {
  ModelSpec spec = network({Conv2dOp{.filters = 4, .l2 = 0.5}, BatchNormOp{}, FlattenOp{},
                            DenseOp{.units = 10, .use_bias = false}});
  spec.layers[3].trainable = false;
  const Graph graph = plan_network(spec, kGrey);
  ASSERT_EQ(graph.nodes.size(), 1U + 4U);  // Node 0 is the input.
  const auto& conv = graph.nodes[1].tensors;
  ASSERT_EQ(conv.size(), 2U);
  EXPECT_EQ(conv[0].name, "conv2d_1.weight");
  EXPECT_EQ(conv[0].shape, (Shape{4, 1, 3, 3}));
  EXPECT_EQ(conv[0].role, TensorRole::kernel);
  EXPECT_EQ(conv[0].l2, 0.5);
  EXPECT_EQ(conv[1].name, "conv2d_1.bias");
  EXPECT_EQ(conv[1].shape, Shape{4});
  EXPECT_EQ(conv[1].l2, 0.0);
  const auto& norm = graph.nodes[2].tensors;
  ASSERT_EQ(norm.size(), 4U);
  EXPECT_EQ(norm[0].role, TensorRole::gamma);
  EXPECT_EQ(norm[1].name, "batch_norm_1.bias");
  EXPECT_EQ(norm[2].name, "batch_norm_1.running_mean");
  EXPECT_EQ(norm[3].role, TensorRole::running_var);
  EXPECT_TRUE(norm[0].trainable);
  EXPECT_FALSE(norm[3].trainable);
  const auto& dense = graph.nodes[4].tensors;
  ASSERT_EQ(dense.size(), 1U);
  EXPECT_EQ(dense[0].shape, (Shape{10, 4 * 30 * 30}));
  EXPECT_FALSE(dense[0].trainable);
}

TEST(PlanNetwork, CountsFrozenAndRunningTensorsAsKerasDoes) {
  ModelSpec spec = network({FlattenOp{}, DenseOp{.units = 5}, BatchNormOp{}, DenseOp{.units = 10}});
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
  EXPECT_EQ(plan_refusal(network({MaxPool2dOp{}, DenseOp{.units = 1}})),
            "layer 'dense_1' (dense): needs a vector, but its input is [1,16,16]");
  EXPECT_EQ(plan_refusal(network({FlattenOp{}, Conv2dOp{.filters = 1}})),
            "layer 'conv2d_1' (conv2d): needs an image [channels,height,width], but its input is [1024]");
  EXPECT_EQ(plan_refusal(network({FlattenOp{}, GlobalAveragePoolOp{}})),
            "layer 'global_average_pool_1' (global_average_pool): needs an image [channels,height,width], "
            "but its input is [1024]");
  const Conv2dOp whitening{.filters = 2, .initializer = KernelInitializer::whitening};
  EXPECT_EQ(plan_refusal(network({MaxPool2dOp{}, whitening})),
            "layer 'conv2d_1' (conv2d): kernel_initializer whitening is for a layer that reads the network's "
            "images");
  EXPECT_EQ(plan_refusal(network({ReshapeOp{{3, 3}}})),
            "layer 'reshape_1' (reshape): cannot give its input [1,32,32] the shape [3,3]");
  EXPECT_EQ(plan_refusal(network({ReshapeOp{{32, 32}}, BatchNormOp{}})),
            "layer 'batch_norm_1' (batch_norm): needs an image or a vector, but its input is [32,32]");
}

TEST(PlanNetwork, RefusesWindowsLargerThanTheirInput) {
  EXPECT_EQ(plan_refusal(network({Conv2dOp{.filters = 1, .window = {.height = 33}}})),
            "layer 'conv2d_1' (conv2d): its 33x33 window is larger than its input [1,32,32]");
  EXPECT_EQ(plan_refusal(network({ResizeOp{1, 9}, MaxPool2dOp{}})),
            "layer 'max_pool2d_1' (max_pool2d): its 2x2 window is larger than its input [1,1,9]");
}

TEST(PlanNetwork, RefusesSizesThatAreNotPositive) {
  EXPECT_EQ(plan_refusal(network({FlattenOp{}, DenseOp{.units = 0}})),
            "layer 'dense_1' (dense): units is 0, expected 1 or more");
  EXPECT_EQ(plan_refusal(network({MaxPool2dOp{.window = {.height = 2, .stride = -1}}})),
            "layer 'max_pool2d_1' (max_pool2d): stride is -1, expected 1 or more");
  EXPECT_EQ(plan_refusal(network({ReshapeOp{{-1, -1024}}})),
            "layer 'reshape_1' (reshape): a size of its shape is -1, expected 1 or more");
}

TEST(PlanNetwork, BoundsSizesBeforeTheyOverflow) {
  constexpr std::int64_t kHuge = std::int64_t{1} << 31;
  EXPECT_EQ(
      plan_refusal(network({ResizeOp{kHuge, kHuge}})),
      "layer 'resize_1' (resize): its output [1,2147483648,2147483648] holds more than 268435456 numbers");
  EXPECT_EQ(plan_refusal(
                network({Conv2dOp{.filters = 65536, .window = {.height = 65536, .pad = WindowPad::same}}})),
            "layer 'conv2d_1' (conv2d): the weight [65536,1,65536,65536] brings the network above 2147483648 "
            "parameters");
  // 2 * 1024 * 1,000,000 = 2.05e9 stays below 2^31, the third pushes it above.
  const DenseOp wide{.units = 1'000'000};
  EXPECT_NE(plan_refusal(network({FlattenOp{}, wide, DenseOp{.units = 1024}, wide})), "");
  EXPECT_EQ(plan_refusal(network({FlattenOp{}, wide, DenseOp{.units = 1024}})), "");
  EXPECT_NE(plan_refusal(network({FlattenOp{}}), {kHuge, kHuge, kHuge}), "");
}

const Window kSame{.height = 3, .pad = WindowPad::same};

/// A stem, two convolutions behind it, and what joins them.
ModelSpec fork(Operation join, std::vector<std::string> inputs) {
  return {{{"stem", Conv2dOp{.filters = 4, .window = kSame}},
           {"left", Conv2dOp{.filters = 4, .window = kSame}, true, {"stem"}},
           {"right", Conv2dOp{.filters = 4, .window = kSame}, true, {"stem"}},
           {"join", std::move(join), true, std::move(inputs)}}};
}

TEST(PlanNetwork, ReadsLayersByTheirNames) {
  const Graph graph = plan_network(fork(AddOp{}, {"left", "right"}), kGrey, kAnyOutput);
  ASSERT_EQ(graph.nodes.size(), 5U);
  EXPECT_EQ(graph.nodes[1].inputs, std::vector<NodeId>{0}) << "the first layer reads the input";
  EXPECT_EQ(graph.nodes[2].inputs, std::vector<NodeId>{1});
  EXPECT_EQ(graph.nodes[3].inputs, std::vector<NodeId>{1});
  EXPECT_EQ(graph.nodes[4].inputs, (std::vector<NodeId>{2, 3}));
  EXPECT_EQ(graph.layers[3].spec.inputs, (std::vector<std::string>{"left", "right"}));
  EXPECT_EQ(graph.output(), (Shape{4, 32, 32}));
  const Graph more = plan_network(fork(ConcatOp{}, {"input", "right", "left", "stem"}), kGrey, kAnyOutput);
  EXPECT_EQ(more.nodes[4].inputs, (std::vector<NodeId>{0, 3, 2, 1})) << "in the order of the names";
  EXPECT_EQ(more.output(), (Shape{13, 32, 32}));
  const Graph twice = plan_network(fork(AddOp{}, {"left", "right", "left"}), kGrey, kAnyOutput);
  EXPECT_EQ(twice.nodes[4].inputs, (std::vector<NodeId>{2, 3, 2}));
  EXPECT_EQ(use_counts(twice), (std::vector<int>{1, 2, 2, 1, 0}));
}

TEST(PlanNetwork, ReadsNodesInsideBackbones) {
  BackboneSpec vgg;
  vgg.backbone = "vgg16";
  ModelSpec spec{{{"", vgg},
                  {"deep", GlobalAveragePoolOp{}},
                  {"shallow", GlobalAveragePoolOp{}, true, {"vgg16.block3_pool"}},
                  {"join", ConcatOp{}, true, {"deep", "shallow"}}}};
  const Graph graph = plan_network(spec, {3, 32, 32}, kAnyOutput);
  EXPECT_EQ(graph.output(), Shape{512 + 256});
  const Node& shallow = graph.nodes[graph.layers[2].last];
  EXPECT_EQ(graph.nodes[shallow.inputs.at(0)].name, "vgg16.block3_pool");
  EXPECT_EQ(find_node(graph, "vgg16"), graph.layers[0].last) << "a backbone's layer names its last node";
  EXPECT_EQ(find_node(graph, "vgg16.block3_pool"), shallow.inputs.at(0));
  EXPECT_EQ(find_node(graph, "block3_pool"), std::nullopt);
}

/// @returns the message and, in brackets, the hint.
std::string plan_refusal_with_hint(const ModelSpec& spec, const Shape& input = kGrey) {
  try {
    plan_network(spec, input, kAnyOutput);
  } catch (const core::Error& error) {
    return std::string(error.what()) + " [" + error.hint() + "]";
  }
  return "";
}

TEST(PlanNetwork, NamesTheNearestLayerForAnUnknownInput) {
  EXPECT_EQ(plan_refusal_with_hint(fork(AddOp{}, {"left", "rihgt"})),
            "layer 'join' (add): reads 'rihgt', but no earlier layer is called that [did you mean 'right'?]");
  EXPECT_EQ(plan_refusal_with_hint(fork(AddOp{}, {"left", "imput"})),
            "layer 'join' (add): reads 'imput', but no earlier layer is called that [did you mean 'input'?]");
  EXPECT_EQ(
      plan_refusal_with_hint(fork(AddOp{}, {"left", "xxxxxxxxxxxx"})),
      "layer 'join' (add): reads 'xxxxxxxxxxxx', but no earlier layer is called that [the earlier layer "
      "is called 'right']");
}

TEST(PlanNetwork, ReadsEarlierLayersOnly) {
  ModelSpec spec = fork(AddOp{}, {"left", "right"});
  spec.layers[1].inputs = {"right"};
  EXPECT_NE(plan_refusal(spec).find("layer 'left' (conv2d): reads 'right', but no earlier layer is called"),
            std::string::npos);
  spec = fork(AddOp{}, {"left", "join"});
  EXPECT_NE(plan_refusal(spec), "") << "itself";
}

TEST(PlanNetwork, CountsTheInputsOfALayer) {
  EXPECT_EQ(plan_refusal_with_hint(fork(AddOp{}, {})),
            R"(layer 'join' (add): needs at least 2 inputs [name earlier layers: "inputs": ["conv2d_1", )"
            R"("conv2d_2"]])");
  EXPECT_EQ(plan_refusal(fork(ConcatOp{}, {"left"})), "layer 'join' (concat): needs at least 2 inputs");
  EXPECT_EQ(plan_refusal(fork(FlattenOp{}, {"left", "right"})),
            "layer 'join' (flatten): has 2 inputs, but takes 1");
}

TEST(PlanNetwork, RefusesALayerThatNobodyReads) {
  ModelSpec spec = fork(AddOp{}, {"left", "stem"});
  EXPECT_EQ(plan_refusal(spec), "layer 'right' (conv2d): no later layer reads it");
  spec.layers.pop_back();
  EXPECT_EQ(plan_refusal(spec), "layer 'left' (conv2d): no later layer reads it");
}

TEST(PlanNetwork, NamesTheShapesThatCannotBeJoined) {
  ModelSpec spec = fork(AddOp{}, {"left", "right"});
  std::get<Conv2dOp>(spec.layers[2].op).window.stride = 2;
  EXPECT_EQ(plan_refusal(spec),
            "layer 'join' (add): cannot add inputs of different shapes: [4,32,32], [4,16,16]");
  spec.layers[3].op = ConcatOp{};
  EXPECT_EQ(plan_refusal(spec),
            "layer 'join' (concat): cannot concatenate the channels of inputs of different sizes: [4,32,32], "
            "[4,16,16]");
}

TEST(Bottlenecks, AreNodesPastWhichNoLaterNodeReads) {
  const Graph graph = plan_network(fork(AddOp{}, {"left", "right"}), kGrey, kAnyOutput);
  // The input, the stem and the sum; `right` and `left` both read the stem.
  EXPECT_EQ(bottlenecks(graph), (std::vector<bool>{true, true, false, false, true}));
  EXPECT_EQ(tensors_up_to(graph, 0), 0U);
  EXPECT_EQ(tensors_up_to(graph, 2), 4U);
  EXPECT_EQ(tensors_up_to(graph, 4), 6U);
}

TEST(PlanNetwork, TakesOnlyImagesAsInput) {
  EXPECT_EQ(plan_refusal(network({FlattenOp{}}), {1024}),
            "a network's input must be [channels,height,width], not [1024]");
  EXPECT_NE(plan_refusal(network({FlattenOp{}}), {0, 32, 32}), "");
  EXPECT_EQ(plan_refusal({}), "the network has no layers");
}

TEST(PlanNetwork, InsistsOnTenNumbersAtTheEnd) {
  const ModelSpec spec = network({FlattenOp{}, DenseOp{.units = 11}});
  EXPECT_EQ(plan_refusal(spec, kGrey, {}),
            "layer 'dense_1' (dense): the last layer must give 10 numbers, but gives [11]");
  EXPECT_EQ(plan_refusal(spec, kGrey, {.outputs = 11, .code = core::ExitCode::model}), "");
  EXPECT_EQ(plan_refusal(spec, kGrey, {.outputs = 12, .code = core::ExitCode::model}),
            "layer 'dense_1' (dense): the last layer must give 12 numbers, but gives [11]");
}

TEST(PlanNetwork, AllowsSoftmaxInTheLastLayerOnly) {
  const DenseOp softmax{.units = 10, .activation = Activation::softmax};
  EXPECT_EQ(plan_refusal(network({FlattenOp{}, softmax})), "");
  EXPECT_EQ(plan_refusal(network({FlattenOp{}, ActivationOp{Activation::softmax}})), "");
  EXPECT_EQ(plan_refusal(network({FlattenOp{}, softmax, DropoutOp{}})),
            "layer 'dense_1' (dense): softmax may stand in the last layer only");
  EXPECT_NE(plan_refusal(network({Conv2dOp{.filters = 1, .activation = Activation::softmax}, FlattenOp{}})),
            "");
  EXPECT_NE(plan_refusal(network({ActivationOp{Activation::softmax}, FlattenOp{}})), "");
}

TEST(PlanNetwork, RefusesNamesThatCannotNameTensors) {
  EXPECT_EQ(plan_refusal({{{"a", FlattenOp{}}, {"a", DropoutOp{}}}}),
            "layer 1 is called 'a' as an earlier one is");
  EXPECT_EQ(plan_refusal({{{"a.b", FlattenOp{}}}}), "layer 0 has a name that is not allowed");
}

}  // namespace
}  // namespace svhn::model
