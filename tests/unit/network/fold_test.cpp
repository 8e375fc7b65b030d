#include "network/fold.h"

#include <algorithm>
#include <cmath>
#include <map>

#include "unit/network/branched.h"

namespace svhn::network {
namespace {

using torch::Tensor;

const model::Shape kInput{3, 12, 12};

/// Fills the tensors as after a training: statistics far from 0 and 1, gammas of both signs unless
/// `positive`.
void fill(const Network& network, bool positive) {
  const torch::NoGradGuard no_grad;
  double phase = 0.3;
  for (const auto& item : network.tensors()) {
    Tensor values = wave(item.tensor.sizes(), phase += 1.1);
    if (item.name.ends_with("running_var")) values = values.abs().mul(3.0).add(0.05);
    if (item.name.starts_with("batch_norm") && item.name.ends_with(".weight")) {
      values = positive ? values.abs().add(0.1) : values;
    }
    item.tensor.detach().copy_(values);
  }
}

Network trained(std::vector<model::Operation> ops, bool positive = true,
                torch::ScalarType dtype = torch::kFloat32) {
  Network network(any_graph(std::move(ops), kInput), 1, BatchNormVariance::keras, dtype);
  fill(network, positive);
  return network;
}

double fold_largest_difference(Network& a, Network& b) {
  const torch::NoGradGuard no_grad;
  const Tensor images = wave({5, 3, 12, 12}, 0.0).to(a.tensors()[0].tensor.scalar_type());
  const Tensor expected = a.forward(images, {}), actual = b.forward(images, {});
  const double size = std::max(1.0, expected.abs().max().item().toDouble());
  return (expected - actual).abs().max().item().toDouble() / size;
}

using Names = std::vector<std::string>;

/// Folds and compares the outputs. @returns the folded and the moved batch norms.
std::pair<Names, Names> fold_and_compare(const std::vector<model::Operation>& ops, bool positive = true) {
  Network network = trained(ops, positive);
  Folded folded = fold_batch_norm(trained(ops, positive));
  EXPECT_LT(fold_largest_difference(network, folded.network), 1e-5);
  Network exact = trained(ops, positive, torch::kFloat64);
  Folded exact_folded = fold_batch_norm(trained(ops, positive, torch::kFloat64));
  EXPECT_LT(fold_largest_difference(exact, exact_folded.network), 1e-13);
  return {folded.folded, folded.moved};
}

const model::Conv2dOp kPlain{.filters = 4};
const model::Conv2dOp kSelu{.filters = 4, .activation = model::Activation::selu};
const model::Conv2dOp kSameSelu{.filters = 4,
                                .window = {.height = 3, .pad = model::WindowPad::same},
                                .activation = model::Activation::selu};
const Names kNone;

TEST(FoldBatchNorm, GoesIntoALinearLayerBefore) {
  EXPECT_EQ(fold_and_compare({kPlain, model::BatchNormOp{}}, false).first, Names{"batch_norm_1"});
  EXPECT_EQ(
      fold_and_compare({kPlain, model::DropoutOp{}, model::AveragePool2dOp{}, model::BatchNormOp{}}, false)
          .first,
      Names{"batch_norm_1"});
  EXPECT_EQ(fold_and_compare({model::FlattenOp{}, model::DenseOp{.units = 6, .use_bias = false},
                              model::BatchNormOp{}, model::ActivationOp{model::Activation::relu}},
                             false)
                .first,
            Names{"batch_norm_1"});
}

TEST(FoldBatchNorm, LeavesALayerWithAnActivationAlone) {
  EXPECT_EQ(fold_and_compare({kSelu, model::BatchNormOp{}, model::ActivationOp{}}).first, kNone);
  EXPECT_EQ(fold_and_compare({kPlain, model::ActivationOp{}, model::BatchNormOp{}}).first, kNone);
}

TEST(FoldBatchNorm, GoesIntoADenseLayerBehind) {
  EXPECT_EQ(fold_and_compare({kSelu, model::BatchNormOp{}, model::DropoutOp{}, model::FlattenOp{},
                              model::DenseOp{.units = 5}},
                             false)
                .first,
            Names{"batch_norm_1"});
  EXPECT_EQ(
      fold_and_compare(
          {kSelu, model::BatchNormOp{}, model::GlobalAveragePoolOp{}, model::DenseOp{.units = 5}}, false)
          .first,
      Names{"batch_norm_1"});
}

TEST(FoldBatchNorm, GoesIntoAConvolutionBehindThatPadsNothing) {
  const model::Conv2dOp point{
      .filters = 2, .window = {.height = 1, .pad = model::WindowPad::same}, .use_bias = false};
  const model::Conv2dOp fitting{.filters = 2,
                                .window = {.height = 2, .stride = 2, .pad = model::WindowPad::same}};
  for (const model::Conv2dOp& behind : {kSelu, point, fitting}) {
    EXPECT_EQ(fold_and_compare({kSelu, model::BatchNormOp{}, behind}, false).first, Names{"batch_norm_1"});
  }
}

TEST(FoldBatchNorm, KeepsAShiftAwayFromAPaddedBorder) {
  EXPECT_EQ(fold_and_compare({kSelu, model::BatchNormOp{}, kSameSelu}).first, kNone);
  Network network = trained({kSelu, model::BatchNormOp{}, kSameSelu}, false);
  set(network, "batch_norm_1.bias", {0, 0, 0, 0});
  set(network, "batch_norm_1.running_mean", {0, 0, 0, 0});
  Network copy = trained({kSelu, model::BatchNormOp{}, kSameSelu}, false);
  set(copy, "batch_norm_1.bias", {0, 0, 0, 0});
  set(copy, "batch_norm_1.running_mean", {0, 0, 0, 0});
  Folded folded = fold_batch_norm(std::move(copy));
  EXPECT_EQ(folded.folded, Names{"batch_norm_1"});
  EXPECT_LT(fold_largest_difference(network, folded.network), 1e-5);
}

TEST(FoldBatchNorm, PassesMaxPoolingOnlyWithoutNegativeScales) {
  const std::vector<model::Operation> ahead{kSelu, model::BatchNormOp{}, model::MaxPool2dOp{},
                                            model::FlattenOp{}, model::DenseOp{.units = 5}};
  EXPECT_EQ(fold_and_compare(ahead, true).first, Names{"batch_norm_1"});
  EXPECT_EQ(fold_and_compare(ahead, false).first, kNone);
  const std::vector<model::Operation> back{
      kPlain, model::MaxPool2dOp{.window = {.height = 3, .stride = 0, .pad = model::WindowPad::same}},
      model::BatchNormOp{}};
  EXPECT_EQ(fold_and_compare(back, true).first, Names{"batch_norm_1"});
  EXPECT_EQ(fold_and_compare(back, false).first, kNone);
}

TEST(FoldBatchNorm, MovesBehindAPoolingWhenNobodyTakesIt) {
  const std::vector<model::Operation> ops{kSelu, model::BatchNormOp{}, model::MaxPool2dOp{},
                                          model::DropoutOp{}, kSameSelu};
  EXPECT_EQ(fold_and_compare(ops, true), std::pair(kNone, Names{"batch_norm_1"}));
  EXPECT_EQ(fold_and_compare(ops, false), std::pair(kNone, kNone));
  const Folded folded = fold_batch_norm(trained(ops));
  EXPECT_EQ(folded.network.graph().layers[2].spec.name, "batch_norm_1");
  EXPECT_EQ(folded.network.graph().nodes[3].output, (model::Shape{4, 5, 5}));
}

TEST(FoldBatchNorm, FoldsWhatItCanOfADeepNetwork) {
  const std::vector<model::Operation> deep{
      kSameSelu,
      model::BatchNormOp{},
      kSameSelu,
      model::BatchNormOp{},
      model::MaxPool2dOp{},
      model::DropoutOp{},
      kSameSelu,
      model::BatchNormOp{},
      model::MaxPool2dOp{},
      model::DropoutOp{},
      model::FlattenOp{},
      model::DenseOp{.units = 7, .activation = model::Activation::selu},
      model::BatchNormOp{},
      model::DropoutOp{},
      model::DenseOp{.units = 10, .activation = model::Activation::softmax}};
  const auto [folded, moved] = fold_and_compare(deep);
  EXPECT_EQ(folded, (Names{"batch_norm_3", "batch_norm_4"}));
  EXPECT_EQ(moved, Names{"batch_norm_2"});
}

/// A backbone with random weights and statistics that are not those of a new batch norm.
Network trained_backbone(const std::string& name) {
  model::BackboneSpec spec;
  spec.backbone = name;
  spec.weights = "random";
  Network network(any_graph({spec, model::GlobalAveragePoolOp{}, model::DenseOp{.units = 10}}, {3, 32, 32}),
                  1);
  const torch::NoGradGuard no_grad;
  double phase = 0.3;
  for (const auto& item : network.tensors()) {
    if (item.tensor.dim() != 1) continue;
    const Tensor values = wave(item.tensor.sizes(), phase += 1.1).mul(0.3);
    const bool around_one = item.name.ends_with("running_var") || item.name.ends_with(".weight");
    item.tensor.detach().copy_(around_one ? values + 1.0 : values);
  }
  return network;
}

TEST(FoldBatchNorm, GoesIntoTheConvolutionsOfABackbone) {
  const torch::NoGradGuard no_grad;
  Network network = trained_backbone("densenet121");
  Folded folded = fold_batch_norm(trained_backbone("densenet121"));
  // One behind the stem's convolution and one in the middle of each of the 6 + 12 + 24 + 16 blocks; the
  // others stand behind a concatenation or a pooling.
  EXPECT_EQ(folded.folded.size(), 1U + 58U);
  EXPECT_EQ(folded.folded[1], "densenet121.conv2_block1_1_bn");
  const Tensor images = wave({2, 3, 32, 32}, 0.0).to(torch::kFloat32);
  const Tensor expected = network.forward(images, {}), actual = folded.network.forward(images, {});
  ASSERT_GT(expected.abs().max().item().toDouble(), 0.01);
  EXPECT_LT(((expected - actual).abs().max() / expected.abs().max()).item().toDouble(), 1e-5);
}

TEST(FoldBatchNorm, GoesIntoTheSeparableConvolutionsOfABackbone) {
  const torch::NoGradGuard no_grad;
  Network network = trained_backbone("nasnet_mobile");
  Folded folded = fold_batch_norm(trained_backbone("nasnet_mobile"));
  EXPECT_GT(folded.folded.size(), 100U);
  const Tensor images = wave({2, 3, 32, 32}, 0.0).to(torch::kFloat32);
  const Tensor expected = network.forward(images, {}), actual = folded.network.forward(images, {});
  ASSERT_GT(expected.abs().max().item().toDouble(), 0.01);
  EXPECT_LT(((expected - actual).abs().max() / expected.abs().max()).item().toDouble(), 1e-5);
}

/// A network of named layers, with numbers as after a training.
Network trained_graph(const std::vector<model::LayerSpec>& layers, bool positive, torch::ScalarType dtype) {
  Network network(model::plan_network({layers}, kInput, {.outputs = 0}), 1, BatchNormVariance::keras, dtype);
  fill(network, positive);
  return network;
}

/// As `fold_and_compare`, for layers with inputs. @returns the folded batch norms.
Names fold_graph(const std::vector<model::LayerSpec>& layers, bool positive = false) {
  Network network = trained_graph(layers, positive, torch::kFloat64);
  Folded folded = fold_batch_norm(trained_graph(layers, positive, torch::kFloat64));
  EXPECT_LT(fold_largest_difference(network, folded.network), 1e-13);
  Network single = trained_graph(layers, positive, torch::kFloat32);
  Folded single_folded = fold_batch_norm(trained_graph(layers, positive, torch::kFloat32));
  EXPECT_LT(fold_largest_difference(single, single_folded.network), 1e-5);
  const model::Graph& graph = folded.network.graph();
  for (const model::LayerSpan& layer : graph.layers) {
    EXPECT_EQ(graph.nodes[layer.last].name, layer.spec.name) << "layers and nodes stay together";
    EXPECT_EQ(&graph.layer_of(layer.last), &layer);
  }
  return folded.folded;
}

const model::Conv2dOp kSamePlain{.filters = 4, .window = {.height = 3, .pad = model::WindowPad::same}};
const model::BatchNormOp kBatchNorm;

TEST(FoldBatchNorm, GoesIntoTheBranchItBelongsTo) {
  EXPECT_EQ(fold_graph({{"a", kSameSelu},
                        {"b", kSamePlain},
                        {"nb", kBatchNorm},
                        {"c", kSamePlain, true, {"a"}},
                        {"nc", kBatchNorm},
                        {"sum", model::AddOp{model::Activation::relu}, true, {"nb", "nc"}}}),
            (Names{"nb", "nc"}));
}

TEST(FoldBatchNorm, LeavesAloneWhatOthersReadToo) {
  EXPECT_EQ(fold_graph({{"a", kSamePlain},
                        {"n", kBatchNorm},
                        {"r", model::ActivationOp{}},
                        {"sum", model::AddOp{}, true, {"a", "r"}}}),
            kNone)
      << "the sum reads the convolution as it is";
  EXPECT_EQ(fold_graph({{"a", kSelu},
                        {"n", kBatchNorm},
                        {"b", kPlain, true, {"n"}},
                        {"c", kPlain, true, {"n"}},
                        {"sum", model::AddOp{}, true, {"b", "c"}}}),
            kNone)
      << "two convolutions read the batch norm";
  EXPECT_EQ(fold_graph({{"a", kSamePlain},
                        {"p", model::AveragePool2dOp{}},
                        {"n", kBatchNorm},
                        {"r", model::ActivationOp{}},
                        {"sum", model::AddOp{}, true, {"p", "r"}}}),
            kNone)
      << "the sum reads the pooling on the way";
}

TEST(FoldBatchNorm, DoesNotPassSumsAndConcatenations) {
  EXPECT_EQ(fold_graph({{"a", kSamePlain},
                        {"b", kSamePlain, true, {"input"}},
                        {"sum", model::AddOp{}, true, {"a", "b"}},
                        {"n", kBatchNorm},
                        {"r", model::ActivationOp{}}}),
            kNone);
  EXPECT_EQ(
      fold_graph(
          {{"a", kSelu}, {"n", kBatchNorm}, {"cat", model::ConcatOp{}, true, {"n", "a"}}, {"b", kPlain}}),
      kNone);
}

TEST(FoldBatchNorm, GoesIntoEveryKindOfConvolution) {
  const model::Window half{.height = 3, .pad = model::WindowPad::half};
  const std::vector<model::Operation> kinds{
      model::DepthwiseConv2dOp{.window = half, .multiplier = 2},
      model::DepthwiseConv2dOp{.use_bias = false},
      model::SeparableConv2dOp{.filters = 4, .window = half, .use_bias = false},
      model::SeparableConv2dOp{.filters = 4, .multiplier = 2},
      model::Conv2dOp{.filters = 6, .groups = 3},
      model::Conv2dOp{.filters = 4, .window = {.height = 3, .dilation = 2}, .use_bias = false},
      model::Conv2dOp{.filters = 4, .window = {.height = 1, .width = 3}}};
  for (std::size_t i = 0; i < kinds.size(); ++i) {
    SCOPED_TRACE(i);
    EXPECT_EQ(fold_graph({{"c", kinds[i]}, {"n", kBatchNorm}, {"r", model::ActivationOp{}}}), Names{"n"});
    model::Operation active = kinds[i];
    model::set_activation(active, model::Activation::relu6);
    EXPECT_EQ(fold_graph({{"c", active}, {"n", kBatchNorm}, {"r", model::ActivationOp{}}}), kNone);
  }
}

TEST(FoldBatchNorm, GoesIntoAConvolutionBehindWithADilationButNotIntoGroups) {
  const model::Conv2dOp dilated{.filters = 3, .window = {.height = 3, .dilation = 2}};
  EXPECT_EQ(fold_graph({{"a", kSelu}, {"n", kBatchNorm}, {"b", dilated}}), Names{"n"});
  const model::Conv2dOp groups{.filters = 4, .groups = 2};
  EXPECT_EQ(fold_graph({{"a", kSelu}, {"n", kBatchNorm}, {"b", groups}}), kNone);
  model::Conv2dOp padded = dilated;
  padded.window.pad = model::WindowPad::same;
  EXPECT_EQ(fold_graph({{"a", kSelu}, {"n", kBatchNorm}, {"b", padded}}), kNone);
}

TEST(FoldBatchNorm, PassesCroppingButNotZeros) {
  const model::Crop2dOp crop{.top = 1, .right = 2};
  EXPECT_EQ(fold_graph({{"a", kPlain}, {"c", crop}, {"n", kBatchNorm}, {"r", model::ActivationOp{}}}),
            Names{"n"});
  const model::ZeroPad2dOp zeros{.top = 1, .right = 2};
  EXPECT_EQ(fold_graph({{"a", kPlain}, {"z", zeros}, {"n", kBatchNorm}, {"r", model::ActivationOp{}}}),
            kNone);
  EXPECT_EQ(fold_graph({{"a", kSelu}, {"n", kBatchNorm}, {"z", zeros}, {"b", kPlain}}), kNone);
  const std::vector<model::LayerSpec> pooled{
      {"a", kPlain}, {"p", model::GlobalMaxPoolOp{}}, {"batch_norm_1", kBatchNorm}};
  EXPECT_EQ(fold_graph(pooled, false), kNone);
  EXPECT_EQ(fold_graph(pooled, true), Names{"batch_norm_1"});
}

TEST(FoldBatchNorm, MovesBehindAPoolingInABranchAlone) {
  const std::vector<model::LayerSpec> layers{{"a", kSelu},
                                             {"batch_norm_1", kBatchNorm},
                                             {"p", model::MaxPool2dOp{}},
                                             {"r", model::ActivationOp{}},
                                             {"q", model::MaxPool2dOp{}, true, {"a"}},
                                             {"cat", model::ConcatOp{}, true, {"r", "q"}}};
  EXPECT_EQ(fold_graph(layers, true), kNone);
  const Folded folded = fold_batch_norm(trained_graph(layers, true, torch::kFloat32));
  EXPECT_EQ(folded.moved, Names{"batch_norm_1"});
  Names names;
  for (const auto& node : folded.network.graph().nodes) names.push_back(node.name);
  EXPECT_EQ(names, (Names{"input", "a", "p", "batch_norm_1", "r", "q", "cat"}));
}

TEST(FoldBatchNorm, KeepsTheOutputsOfNetworksOfConfigs) {
  // Only those whose convolution nobody else reads and no activation follows.
  const std::map<std::string, std::size_t> counts{
      {"preact_resnet16", 6}, {"resnet_shortcut", 9}, {"dense_block", 0}};
  const torch::NoGradGuard no_grad;
  for (const auto& [name, count] : counts) {
    Network network = branched_network(name);
    Folded folded = fold_batch_norm(branched_network(name));
    EXPECT_EQ(folded.folded.size(), count) << name;
    const Tensor x = branched_images(6);
    EXPECT_LE(relative_difference(folded.network.forward(x, {}), network.forward(x, {})), 1e-5) << name;
    EXPECT_EQ(folded.network.graph().output(), model::Shape{10});
  }
}

TEST(FoldBatchNorm, UsesTheRunningStatistics) {
  // A dense layer of weight 2 and bias 1 on one pixel: y = 3 (2 x + 1 - 5) / sqrt(3.999 + 0.001) + 7
  //                                                     = 3 x + 1.
  Network network(
      any_graph({model::FlattenOp{}, model::DenseOp{.units = 1}, model::BatchNormOp{}}, {1, 1, 1}), 1,
      BatchNormVariance::keras, torch::kFloat64);
  set(network, "dense_1.weight", {2});
  set(network, "dense_1.bias", {1});
  set(network, "batch_norm_1.weight", {3});
  set(network, "batch_norm_1.bias", {7});
  set(network, "batch_norm_1.running_mean", {5});
  set(network, "batch_norm_1.running_var", {3.999});
  const Folded folded = fold_batch_norm(std::move(network));
  expect_near(tensor_of(folded.network, "dense_1.weight"), {3});
  expect_near(tensor_of(folded.network, "dense_1.bias"), {1});
  EXPECT_EQ(folded.network.graph().layers.size(), 2U);
}

}  // namespace
}  // namespace svhn::network
