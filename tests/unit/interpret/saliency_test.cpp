#include "interpret/saliency.h"

#include <cmath>

#include "unit/network/branched.h"

namespace svhn::interpret {
namespace {

using model::Activation;
using network::Network;
using torch::Tensor;

/// Numbers between -1 and 1 that follow a formula.
Tensor wave(at::IntArrayRef shape) {
  return network::wave(shape).to(torch::kFloat32);
}

Network small_cnn(bool trainable = true) {
  auto spec = network::spec_of({model::Conv2dOp{.filters = 4,
                                                .window = {.height = 3, .pad = model::WindowPad::same},
                                                .activation = Activation::selu},
                                model::BatchNormOp{}, model::MaxPool2dOp{},
                                model::Conv2dOp{.filters = 3, .activation = Activation::tanh},
                                model::FlattenOp{}, model::DenseOp{.units = 10}});
  for (auto& layer : spec.layers) layer.trainable = trainable;
  return {model::plan_network(spec, {2, 8, 8}), 3};
}

/// One convolution of 1x1 with weight 2 and a dense layer whose class 1 sees the right half of the map alone.
Network half_sighted() {
  Network network(network::any_graph({model::Conv2dOp{.filters = 1, .window = {.height = 1}},
                                      model::FlattenOp{}, model::DenseOp{.units = 2}},
                                     {1, 2, 2}),
                  1);
  network::set(network, "conv2d_1.weight", {2});
  network::set(network, "dense_1.weight", {0, 0, 0, 0, 0, 3, 0, 3});
  return network;
}

TEST(FlatBaseline, IsEachChannelsMean) {
  const Tensor image = torch::tensor({1.0F, 3.0F, 10.0F, 20.0F}).view({1, 2, 1, 2});
  network::expect_near(flat_baseline(image), {2, 2, 15, 15});
}

TEST(LastConvolution, IsTheDeepest) {
  EXPECT_EQ(last_convolution(small_cnn().graph()), model::NodeId{4});
  EXPECT_EQ(last_convolution(network::any_graph({model::FlattenOp{}, model::DenseOp{.units = 2}}, {1, 2, 2})),
            std::nullopt);
}

TEST(GradCam, WeighsMapsByTheirMeanGradient) {
  Network network = half_sighted();
  const Tensor image = torch::tensor({1.0F, -1.0F, 0.5F, 4.0F}).view({1, 1, 2, 2});
  // The map is 2 x, its gradient for class 1 is 0 3 0 3 and its mean 1.5: relu(3 x).
  network::expect_near(grad_cam(network, image, 1, 1), {3, 0, 1.5, 12}, 1e-6);
  network::expect_near(grad_cam(network, image, 1, 0), {0, 0, 0, 0});
}

TEST(GradCam, EnlargesTheMapToThePicture) {
  Network network = small_cnn();
  const Tensor map = grad_cam(network, wave({1, 2, 8, 8}), 4, 4);
  EXPECT_EQ(map.sizes().vec(), (std::vector<std::int64_t>{8, 8}));
  EXPECT_GE(map.min().item().toFloat(), 0.0F);
}

// Equations 1 and 2 of Selvaraju et al. 2017 on the features of the node, by autograd through the rest.
TEST(GradCam, TakesAnyNodeOfANetworkWithBranches) {
  Network network = network::branched_network("preact_resnet16");
  const model::Graph graph = network.graph();
  const Tensor image = network::branched_images(1);
  for (const char* name : {"stage1_block2", "stage3_block2"}) {
    const model::NodeId node = model::find_node(graph, name).value();
    Tensor features = network.forward(image, {.until = node}).detach().set_requires_grad(true);
    network.forward(features, {.first = node})[0][7].backward();
    const Tensor weights = features.grad().mean({2, 3}, true);
    const Tensor map = at::relu((weights * features.detach()).sum(1, true));
    const Tensor expected = at::upsample_bilinear2d(map, {32, 32}, false)[0][0];
    EXPECT_GT(expected.max().item().toDouble(), 0.0) << name;
    EXPECT_LE(network::relative_difference(grad_cam(network, image, node, 7), expected), 1e-5) << name;
  }
  const model::NodeId inner = model::find_node(graph, "stage2_block1_shortcut").value();
  EXPECT_EQ(grad_cam(network, image, inner, 7).sizes().vec(), (std::vector<std::int64_t>{32, 32}));
  EXPECT_EQ(last_convolution(graph), model::find_node(graph, "stage3_block2_conv"));
}

TEST(GradCam, SeesThroughFrozenLayers) {
  Network network = small_cnn();
  Network frozen = small_cnn(false);
  const Tensor image = wave({1, 2, 8, 8});
  EXPECT_TRUE(grad_cam(network, image, 4, 4).equal(grad_cam(frozen, image, 4, 4)));
}

TEST(IntegratedGradients, ShareOutALinearFunction) {
  Network network = half_sighted();
  const Tensor image = torch::tensor({1.0F, -1.0F, 0.5F, 4.0F}).view({1, 1, 2, 2});
  // F = 3 * 2 (x1 + x3), so each number's part is its weight 6 times its way from the baseline.
  const auto parts = integrated_gradients(network, image, at::ones_like(image), 1, 3);
  network::expect_near(parts.map, {0, -12, 0, 18}, 1e-5);
  EXPECT_NEAR(parts.image, 18.0, 1e-5);
  EXPECT_NEAR(parts.baseline, 12.0, 1e-5);
}

TEST(IntegratedGradients, AddUpToTheWhole) {
  // Completeness: Sundararajan et al. 2017, proposition 1.
  Network network = small_cnn();
  const Tensor image = wave({1, 2, 8, 8}) * 3.0;
  const auto parts = integrated_gradients(network, image, flat_baseline(image), 7, 400);
  ASSERT_GT(std::abs(parts.image - parts.baseline), 0.1);
  EXPECT_LT(std::abs(parts.gap()), 0.005 * std::abs(parts.image - parts.baseline));
  const auto coarse = integrated_gradients(network, image, flat_baseline(image), 7, 1);
  EXPECT_GT(std::abs(coarse.gap()), std::abs(parts.gap()));
}

TEST(IntegratedGradients, LeaveTheWeightsWithoutGradients) {
  Network network = small_cnn();
  const Tensor image = wave({1, 2, 8, 8});
  integrated_gradients(network, image, flat_baseline(image), 0, 2);
  grad_cam(network, image, 4, 0);
  for (const auto& item : network.tensors()) EXPECT_FALSE(item.tensor.grad().defined()) << item.name;
}

TEST(Occlusion, TellsWhatCoveringCosts) {
  Network network = half_sighted();
  const Tensor image = torch::tensor({1.0F, -1.0F, 0.5F, 4.0F}).view({1, 1, 2, 2});
  // One pixel at a time, covered by 0: F = 6 (x1 + x3) falls by the pixel's own part.
  network::expect_near(occlusion(network, image, at::zeros_like(image), 1, {1, 1}), {0, -6, 0, 24}, 1e-5);
  // One square over everything: all pixels share the whole fall of 18.
  network::expect_near(occlusion(network, image, at::zeros_like(image), 1, {6, 2}), {18, 18, 18, 18}, 1e-5);
}

TEST(Occlusion, CoversEveryPixel) {
  Network network = small_cnn();
  const Tensor map = occlusion(network, wave({1, 2, 8, 8}), at::zeros({1, 2, 8, 8}), 1, {3, 2});
  EXPECT_EQ((map == 0).sum().item().toLong(), 0);
}

}  // namespace
}  // namespace svhn::interpret
