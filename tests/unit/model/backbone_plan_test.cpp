#include "model/backbones/backbone.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>

#include "model/summary.h"

namespace svhn::model {
namespace {

BackboneSpec named(const std::string& name, std::vector<std::string> trainable = {}) {
  BackboneSpec spec;
  spec.backbone = name;
  spec.trainable = std::move(trainable);
  return spec;
}

Graph graph_of(const BackboneSpec& spec, const Shape& input) {
  return plan_network({{{"", spec}}}, input, {.outputs = 0});
}

Graph graph_of(const std::string& name, std::int64_t side, std::vector<std::string> trainable = {}) {
  return graph_of(named(name, std::move(trainable)), {3, side, side});
}

const TensorPlan* find(const Graph& graph, const std::string& name) {
  for (const Node& node : graph.nodes) {
    for (const TensorPlan& tensor : node.tensors) {
      if (tensor.name == name) return &tensor;
    }
  }
  return nullptr;
}

std::string refusal(const BackboneSpec& spec, const Shape& input) {
  try {
    graph_of(spec, input);
  } catch (const core::Error& error) {
    EXPECT_EQ(error.code(), core::ExitCode::config);
    EXPECT_FALSE(error.hint().empty());
    return error.what();
  }
  return "";
}

struct Known {
  const char* name;
  std::int64_t side;
  std::int64_t total;
  std::int64_t trainable;
  Shape output;
};

// count_params(), the sizes of trainable_weights and output_shape of keras.applications with
// include_top=False (Keras 3.15; SqueezeNet: torchvision 0.14, features alone).
// tests/parity/backbone_keras.py compares totals too.
const std::vector<Known>& known() {
  static const std::vector<Known> kKnown{
      {"vgg16", 32, 14'714'688, 14'714'688, {512, 1, 1}},
      {"vgg19", 32, 20'024'384, 20'024'384, {512, 1, 1}},
      {"resnet50", 32, 23'587'712, 23'534'592, {2048, 1, 1}},
      {"resnet101v2", 33, 42'626'560, 42'528'896, {2048, 2, 2}},
      {"resnet152v2", 32, 58'331'648, 58'187'904, {2048, 1, 1}},
      {"densenet121", 64, 7'037'504, 6'953'856, {1024, 2, 2}},
      {"densenet169", 32, 12'642'880, 12'484'480, {1664, 1, 1}},
      {"densenet201", 32, 18'321'984, 18'092'928, {1920, 1, 1}},
      {"inception_v3", 75, 21'802'784, 21'768'352, {2048, 1, 1}},
      {"xception", 71, 20'861'480, 20'806'952, {2048, 3, 3}},
      {"inception_resnet_v2", 75, 54'336'736, 54'276'192, {1536, 1, 1}},
      {"nasnet_mobile", 32, 4'269'716, 4'232'978, {1056, 1, 1}},
      {"nasnet_large", 96, 84'916'818, 84'720'150, {4032, 3, 3}},
      {"squeezenet1_1", 32, 722'496, 722'496, {512, 1, 1}},
  };
  return kKnown;
}

TEST(PlanBackbone, CountsAsKerasAndTorchvisionDo) {
  ASSERT_EQ(known().size(), graph_backbones().size());
  for (const Known& row : known()) {
    const Graph graph = graph_of(row.name, row.side, {"*"});
    EXPECT_EQ(graph.counts.total, row.total) << row.name;
    EXPECT_EQ(graph.counts.trainable, row.trainable) << row.name;
    EXPECT_EQ(graph.output(), row.output) << row.name;
    EXPECT_EQ(graph_of(row.name, row.side).counts.trainable, 0) << row.name;
  }
}

// torchvision 0.14: parameters and buffers without the classifier (ResNet50 without biases, InceptionV3 with
// scales).
TEST(PlanBackbone, FollowsTheVariant) {
  const std::map<std::string, std::int64_t> totals{{"vgg16", 14'714'688},
                                                   {"resnet50", 23'561'152},
                                                   {"densenet121", 7'037'504},
                                                   {"inception_v3", 21'820'000}};
  for (const auto& [name, total] : totals) {
    BackboneSpec spec = named(name);
    spec.variant = BackboneVariant::torch;
    EXPECT_EQ(graph_of(spec, {3, 96, 96}).counts.total, total) << name;
  }
  EXPECT_EQ(find(graph_of("inception_v3", 75), "inception_v3.batch_normalization_1.weight"), nullptr);
  EXPECT_NE(find(graph_of("resnet50", 32), "resnet50.conv1_conv.bias"), nullptr);
}

// Names and shapes of keras.applications' layers, kernels in PyTorch's layout.
TEST(PlanBackbone, NamesTensorsAfterKerasLayers) {
  const std::map<std::string, std::pair<std::string, Shape>> examples{
      {"vgg16", {"block5_conv3.weight", {512, 512, 3, 3}}},
      {"resnet50", {"conv5_block3_3_bn.running_var", {2048}}},
      {"resnet101v2", {"conv4_block23_2_conv.weight", {256, 256, 3, 3}}},
      {"densenet169", {"conv5_block31_2_conv.weight", {32, 128, 3, 3}}},
      {"densenet121", {"pool4_conv.weight", {512, 1024, 1, 1}}},
      {"inception_v3", {"conv2d_94.weight", {192, 2048, 1, 1}}},
      {"xception", {"block14_sepconv2.depthwise.weight", {1536, 1, 3, 3}}},
      {"inception_resnet_v2", {"block17_20_conv.bias", {1088}}},
      {"nasnet_mobile", {"adjust_conv_projection_12.weight", {176, 1056, 1, 1}}},
      {"squeezenet1_1", {"features.12.expand3x3.weight", {256, 64, 3, 3}}},
  };
  for (const auto& [name, expected] : examples) {
    const Graph graph = graph_of(name, 96);
    const TensorPlan* tensor = find(graph, name + "." + expected.first);
    ASSERT_NE(tensor, nullptr) << name << " " << expected.first;
    EXPECT_EQ(tensor->shape, expected.second) << name;
  }
}

TEST(PlanBackbone, NamesNoTensorTwice) {
  for (const std::string_view name : graph_backbones()) {
    const Graph graph = graph_of(std::string(name), 96);
    std::vector<std::string> names;
    for (const Node& node : graph.nodes) {
      for (const TensorPlan& tensor : node.tensors) names.push_back(tensor.name);
    }
    std::sort(names.begin(), names.end());
    EXPECT_EQ(std::adjacent_find(names.begin(), names.end()), names.end()) << name;
  }
}

// The assignment's networks: VGG16 on 32x32, flatten, dense 64, batch norm, dropout, dense 10.
TEST(PlanBackbone, GivesTheAssignmentsCounts) {
  const auto counts = [](std::vector<std::string> trainable) {
    ModelSpec spec{{{"", named("vgg16", std::move(trainable))},
                    {"", FlattenOp{}},
                    {"", DenseOp{.units = 64, .activation = Activation::selu}},
                    {"", BatchNormOp{}},
                    {"", DropoutOp{0.3}},
                    {"", DenseOp{.units = 10, .activation = Activation::softmax}}}};
    return plan_network(spec, {3, 32, 32}).counts;
  };
  EXPECT_EQ(counts({}).total, 14'748'426);
  EXPECT_EQ(counts({}).trainable, 33'610);
  EXPECT_EQ(counts({}).non_trainable, 14'714'816);
  EXPECT_EQ(counts({"block4*", "block5*"}).trainable, 13'012'810);
  EXPECT_EQ(counts({"block4*", "block5*"}).non_trainable, 1'735'616);
}

TEST(PlanBackbone, TrainsLayersByEitherName) {
  const auto trainable = [](std::vector<std::string> patterns) {
    return graph_of("resnet50", 32, std::move(patterns)).counts.trainable;
  };
  EXPECT_EQ(trainable({"conv5_block3_3_conv"}), 512 * 2048 + 2048);
  EXPECT_EQ(trainable({"conv5_block3_3_bn"}), 2 * 2048);  // The statistics are not trained.
  EXPECT_EQ(trainable({"layer4*"}), trainable({"conv5*"}));
  EXPECT_EQ(trainable({"conv?_block1_1_bn", "conv5_block3_3_bn"}), 2 * (64 + 128 + 256 + 512) + 2 * 2048);
}

TEST(PlanBackbone, RefusesImagesThatAreTooSmall) {
  EXPECT_EQ(refusal(named("inception_v3"), {3, 32, 75}),
            "layer 'inception_v3' (backbone): inception_v3 needs images of at least 75x75, but its input is "
            "[3,32,75]");
  EXPECT_EQ(
      refusal(named("xception"), {3, 71, 70}),
      "layer 'xception' (backbone): xception needs images of at least 71x71, but its input is [3,71,70]");
  EXPECT_EQ(refusal(named("vgg16"), {1, 32, 32}),
            "layer 'vgg16' (backbone): needs RGB images [3,height,width], but its input is [1,32,32]");
  for (const std::string_view name : graph_backbones()) {
    const std::int64_t side = smallest_side(name);
    const Shape output = graph_of(std::string(name), side).output();
    EXPECT_TRUE(fits_bound(output, kMaxActivations)) << name << " " << shape_text(output);
    EXPECT_NE(refusal(named(std::string(name)), {3, side, side - 1}), "") << name;
  }
}

TEST(PlanBackbone, RefusesPatternsThatFitNothing) {
  EXPECT_EQ(refusal(named("vgg16", {"block4*", "block6*"}), {3, 32, 32}),
            "layer 'vgg16' (backbone): no layer with weights fits the pattern 'block6*' of its 'trainable'");
  EXPECT_NE(refusal(named("vgg16", {"block5_pool"}), {3, 32, 32}), "");  // It has no weights.
}

TEST(PlanBackbone, RefusesWhatANetworkDoesNotHave) {
  BackboneSpec spec = named("squeezenet1_1");
  spec.variant = BackboneVariant::keras;
  EXPECT_EQ(refusal(spec, {3, 32, 32}),
            "layer 'squeezenet1_1' (backbone): squeezenet1_1 does not exist in the variant 'keras'");
  spec = named("vgg16");
  spec.top = true;
  EXPECT_EQ(refusal(spec, {3, 32, 32}), "layer 'vgg16' (backbone): only squeezenet1_1 has a 'top'");
  spec = named("vgg61");
  EXPECT_EQ(refusal(spec, {3, 32, 32}), "layer 'vgg61' (backbone): there is no backbone 'vgg61'");
}

TEST(PlanBackbone, KeepsSqueezeNetsClassifierOnRequest) {
  BackboneSpec spec = named("squeezenet1_1");
  spec.top = true;
  const Graph graph = graph_of(spec, {3, 224, 224});
  EXPECT_EQ(graph.output(), Shape{1000});
  EXPECT_EQ(graph.counts.total, 1'235'496);  // torchvision's num_params.
}

TEST(SummaryText, ShowsABackboneAsOneRow) {
  const std::string text = summary_text(graph_of("vgg16", 32), "m");
  EXPECT_NE(text.find("vgg16 (backbone) frozen  [512,1,1]     14,714,688\n"), std::string::npos) << text;
  EXPECT_NE(text.find("Non-trainable parameters: 14,714,688\n"), std::string::npos);
  EXPECT_NE(summary_text(graph_of("vgg16", 32, {"block5*"}), "m").find("vgg16 (backbone) partly frozen"),
            std::string::npos);
  EXPECT_EQ(summary_text(graph_of("vgg16", 32, {"*"}), "m").find("frozen"), std::string::npos);
}

// Window arithmetic by hand: floor((11-3)/2)+1 = 5 and, hanging over, ceil((12-3)/2)+1 = 6. The last pool of
// the smallest network hangs over its 2x2 input: ceil((2-3)/2)+1 = 1.
TEST(BackboneGraph, LetsSqueezeNetsPoolsHangOver) {
  const auto first_pool = [](std::int64_t side) {
    return backbone_graph(named("squeezenet1_1"), {3, side, side}).nodes[2].output;
  };
  EXPECT_EQ(first_pool(2 * 11 + 1), (Shape{64, 5, 5}));
  EXPECT_EQ(first_pool(2 * 12 + 1), (Shape{64, 6, 6}));
  EXPECT_EQ(graph_of("squeezenet1_1", 21).output(), (Shape{512, 1, 1}));
}

/// As keras.applications' preprocess_input modes, and torchvision's transforms.
TEST(NativeInput, IsWhatThePublishedWeightsWereTrainedWith) {
  constexpr auto caffe = BackboneInput::caffe, tf = BackboneInput::tf, torch = BackboneInput::torch;
  const std::map<std::string, BackboneInput> modes{
      {"vgg16", caffe},     {"vgg19", caffe},        {"resnet50", caffe},         {"resnet101v2", tf},
      {"resnet152v2", tf},  {"densenet121", torch},  {"densenet169", torch},      {"densenet201", torch},
      {"inception_v3", tf}, {"xception", tf},        {"inception_resnet_v2", tf}, {"nasnet_mobile", tf},
      {"nasnet_large", tf}, {"squeezenet1_1", torch}};
  for (const std::string_view name : graph_backbones())
    EXPECT_EQ(native_input(name, BackboneVariant::keras), modes.at(std::string(name))) << name;
  EXPECT_EQ(native_input("vgg16", BackboneVariant::torch), torch);
  EXPECT_EQ(native_input("inception_v3", BackboneVariant::torch), tf);
  EXPECT_EQ(native_input("torchscript", BackboneVariant::keras), BackboneInput::none);
}

TEST(GlobMatches, KnowsStarsAndQuestionMarks) {
  EXPECT_TRUE(glob_matches("block4*", "block4_conv1"));
  EXPECT_FALSE(glob_matches("block4*", "xblock4"));
  EXPECT_TRUE(glob_matches("*_bn", "conv2_block1_1_bn"));
  EXPECT_TRUE(glob_matches("a*b*c", "aXbYbZc"));
  EXPECT_FALSE(glob_matches("a*b*c", "aXcYb"));
  EXPECT_TRUE(glob_matches("?1", "a1"));
  EXPECT_FALSE(glob_matches("?1", "1"));
  EXPECT_TRUE(glob_matches("*", ""));
  EXPECT_FALSE(glob_matches("", "a"));
}

}  // namespace
}  // namespace svhn::model
