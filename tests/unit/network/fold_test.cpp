#include "network/fold.h"

#include <algorithm>
#include <cmath>

#include "unit/network/small_network.h"

namespace svhn::network {
namespace {

using torch::Tensor;

const model::Shape kInput{3, 12, 12};

/// @returns deterministic numbers between -1 and 1, different for each `phase`.
Tensor wave(at::IntArrayRef shape, double phase) {
  std::int64_t count = 1;
  for (const std::int64_t size : shape) count *= size;
  return torch::arange(static_cast<double>(count), torch::kFloat64).mul(0.7).add(phase).sin().view(shape);
}

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

Network trained(std::vector<model::LayerKind> kinds, bool positive = true,
                torch::ScalarType dtype = torch::kFloat32) {
  Network network(any_plan(std::move(kinds), kInput), 1, BatchNormVariance::keras, dtype);
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
std::pair<Names, Names> fold_and_compare(const std::vector<model::LayerKind>& kinds, bool positive = true) {
  Network network = trained(kinds, positive);
  Folded folded = fold_batch_norm(trained(kinds, positive));
  EXPECT_LT(fold_largest_difference(network, folded.network), 1e-5);
  Network exact = trained(kinds, positive, torch::kFloat64);
  Folded exact_folded = fold_batch_norm(trained(kinds, positive, torch::kFloat64));
  EXPECT_LT(fold_largest_difference(exact, exact_folded.network), 1e-13);
  return {folded.folded, folded.moved};
}

const model::Conv2dSpec kPlain{.filters = 4};
const model::Conv2dSpec kSelu{.filters = 4, .activation = model::Activation::selu};
const model::Conv2dSpec kSameSelu{
    .filters = 4, .padding = model::Padding::same, .activation = model::Activation::selu};
const Names kNone;

TEST(FoldBatchNorm, GoesIntoALinearLayerBefore) {
  EXPECT_EQ(fold_and_compare({kPlain, model::BatchNormSpec{}}, false).first, Names{"batch_norm_1"});
  EXPECT_EQ(fold_and_compare(
                {kPlain, model::DropoutSpec{}, model::AveragePool2dSpec{}, model::BatchNormSpec{}}, false)
                .first,
            Names{"batch_norm_1"});
  EXPECT_EQ(fold_and_compare({model::FlattenSpec{}, model::DenseSpec{.units = 6, .use_bias = false},
                              model::BatchNormSpec{}, model::ActivationSpec{model::Activation::relu}},
                             false)
                .first,
            Names{"batch_norm_1"});
}

TEST(FoldBatchNorm, LeavesALayerWithAnActivationAlone) {
  EXPECT_EQ(fold_and_compare({kSelu, model::BatchNormSpec{}, model::ActivationSpec{}}).first, kNone);
  EXPECT_EQ(fold_and_compare({kPlain, model::ActivationSpec{}, model::BatchNormSpec{}}).first, kNone);
}

TEST(FoldBatchNorm, GoesIntoADenseLayerBehind) {
  EXPECT_EQ(fold_and_compare({kSelu, model::BatchNormSpec{}, model::DropoutSpec{}, model::FlattenSpec{},
                              model::DenseSpec{.units = 5}},
                             false)
                .first,
            Names{"batch_norm_1"});
  EXPECT_EQ(fold_and_compare(
                {kSelu, model::BatchNormSpec{}, model::GlobalAveragePoolSpec{}, model::DenseSpec{.units = 5}},
                false)
                .first,
            Names{"batch_norm_1"});
}

TEST(FoldBatchNorm, GoesIntoAConvolutionBehindThatPadsNothing) {
  const model::Conv2dSpec point{
      .filters = 2, .kernel = 1, .padding = model::Padding::same, .use_bias = false};
  const model::Conv2dSpec fitting{.filters = 2, .kernel = 2, .stride = 2, .padding = model::Padding::same};
  for (const model::Conv2dSpec& behind : {kSelu, point, fitting}) {
    EXPECT_EQ(fold_and_compare({kSelu, model::BatchNormSpec{}, behind}, false).first, Names{"batch_norm_1"});
  }
}

TEST(FoldBatchNorm, KeepsAShiftAwayFromAPaddedBorder) {
  EXPECT_EQ(fold_and_compare({kSelu, model::BatchNormSpec{}, kSameSelu}).first, kNone);
  Network network = trained({kSelu, model::BatchNormSpec{}, kSameSelu}, false);
  set(network, "batch_norm_1.bias", {0, 0, 0, 0});
  set(network, "batch_norm_1.running_mean", {0, 0, 0, 0});
  Network copy = trained({kSelu, model::BatchNormSpec{}, kSameSelu}, false);
  set(copy, "batch_norm_1.bias", {0, 0, 0, 0});
  set(copy, "batch_norm_1.running_mean", {0, 0, 0, 0});
  Folded folded = fold_batch_norm(std::move(copy));
  EXPECT_EQ(folded.folded, Names{"batch_norm_1"});
  EXPECT_LT(fold_largest_difference(network, folded.network), 1e-5);
}

TEST(FoldBatchNorm, PassesMaxPoolingOnlyWithoutNegativeScales) {
  const std::vector<model::LayerKind> ahead{kSelu, model::BatchNormSpec{}, model::MaxPool2dSpec{},
                                            model::FlattenSpec{}, model::DenseSpec{.units = 5}};
  EXPECT_EQ(fold_and_compare(ahead, true).first, Names{"batch_norm_1"});
  EXPECT_EQ(fold_and_compare(ahead, false).first, kNone);
  const std::vector<model::LayerKind> back{
      kPlain, model::MaxPool2dSpec{.size = 3, .padding = model::Padding::same}, model::BatchNormSpec{}};
  EXPECT_EQ(fold_and_compare(back, true).first, Names{"batch_norm_1"});
  EXPECT_EQ(fold_and_compare(back, false).first, kNone);
}

TEST(FoldBatchNorm, MovesBehindAPoolingWhenNobodyTakesIt) {
  const std::vector<model::LayerKind> kinds{kSelu, model::BatchNormSpec{}, model::MaxPool2dSpec{},
                                            model::DropoutSpec{}, kSameSelu};
  EXPECT_EQ(fold_and_compare(kinds, true), std::pair(kNone, Names{"batch_norm_1"}));
  EXPECT_EQ(fold_and_compare(kinds, false), std::pair(kNone, kNone));
  const Folded folded = fold_batch_norm(trained(kinds));
  EXPECT_EQ(folded.network.plan().layers[2].layer.name, "batch_norm_1");
  EXPECT_EQ(folded.network.plan().layers[2].output, (model::Shape{4, 5, 5}));
}

TEST(FoldBatchNorm, FoldsWhatItCanOfADeepNetwork) {
  const std::vector<model::LayerKind> deep{
      kSameSelu,
      model::BatchNormSpec{},
      kSameSelu,
      model::BatchNormSpec{},
      model::MaxPool2dSpec{},
      model::DropoutSpec{},
      kSameSelu,
      model::BatchNormSpec{},
      model::MaxPool2dSpec{},
      model::DropoutSpec{},
      model::FlattenSpec{},
      model::DenseSpec{.units = 7, .activation = model::Activation::selu},
      model::BatchNormSpec{},
      model::DropoutSpec{},
      model::DenseSpec{.units = 10, .activation = model::Activation::softmax}};
  const auto [folded, moved] = fold_and_compare(deep);
  EXPECT_EQ(folded, (Names{"batch_norm_3", "batch_norm_4"}));
  EXPECT_EQ(moved, Names{"batch_norm_2"});
}

/// A backbone with random weights and statistics that are not those of a new batch norm.
Network trained_backbone(const std::string& name) {
  model::BackboneSpec spec;
  spec.backbone = name;
  spec.weights = "random";
  Network network(
      any_plan({spec, model::GlobalAveragePoolSpec{}, model::DenseSpec{.units = 10}}, {3, 32, 32}), 1);
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

TEST(FoldBatchNorm, UsesTheRunningStatistics) {
  // A dense layer of weight 2 and bias 1 on one pixel: y = 3 (2 x + 1 - 5) / sqrt(3.999 + 0.001) + 7
  //                                                     = 3 x + 1.
  Network network(
      any_plan({model::FlattenSpec{}, model::DenseSpec{.units = 1}, model::BatchNormSpec{}}, {1, 1, 1}), 1,
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
  EXPECT_EQ(folded.network.plan().layers.size(), 2U);
}

}  // namespace
}  // namespace svhn::network
