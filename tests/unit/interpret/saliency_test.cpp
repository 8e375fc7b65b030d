#include "interpret/saliency.h"

#include <cmath>

#include "unit/network/small_network.h"

namespace svhn::interpret {
namespace {

using model::Activation;
using network::Network;
using torch::Tensor;

/// Numbers between -1 and 1 that follow a formula.
Tensor wave(at::IntArrayRef shape) {
  std::int64_t count = 1;
  for (const std::int64_t size : shape) count *= size;
  return torch::arange(static_cast<double>(count), torch::kFloat64)
      .mul(0.7)
      .sin()
      .view(shape)
      .to(torch::kFloat32);
}

Network small_cnn(bool trainable = true) {
  auto spec = network::spec_of(
      {model::Conv2dSpec{.filters = 4, .padding = model::Padding::same, .activation = Activation::selu},
       model::BatchNormSpec{}, model::MaxPool2dSpec{},
       model::Conv2dSpec{.filters = 3, .activation = Activation::tanh}, model::FlattenSpec{},
       model::DenseSpec{.units = 10}});
  for (auto& layer : spec.layers) layer.trainable = trainable;
  return {model::plan_network(spec, {2, 8, 8}), 3};
}

/// One convolution of 1x1 with weight 2 and a dense layer whose class 1 sees the right half of the map alone.
Network half_sighted() {
  Network network(network::any_plan({model::Conv2dSpec{.filters = 1, .kernel = 1}, model::FlattenSpec{},
                                     model::DenseSpec{.units = 2}},
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
  EXPECT_EQ(last_convolution(small_cnn().plan()), 3U);
  EXPECT_EQ(
      last_convolution(network::any_plan({model::FlattenSpec{}, model::DenseSpec{.units = 2}}, {1, 2, 2})),
      std::nullopt);
}

TEST(GradCam, WeighsMapsByTheirMeanGradient) {
  Network network = half_sighted();
  const Tensor image = torch::tensor({1.0F, -1.0F, 0.5F, 4.0F}).view({1, 1, 2, 2});
  // The map is 2 x, its gradient for class 1 is 0 3 0 3 and its mean 1.5: relu(3 x).
  network::expect_near(grad_cam(network, image, 0, 1), {3, 0, 1.5, 12}, 1e-6);
  network::expect_near(grad_cam(network, image, 0, 0), {0, 0, 0, 0});
}

TEST(GradCam, EnlargesTheMapToThePicture) {
  Network network = small_cnn();
  const Tensor map = grad_cam(network, wave({1, 2, 8, 8}), 3, 4);
  EXPECT_EQ(map.sizes().vec(), (std::vector<std::int64_t>{8, 8}));
  EXPECT_GE(map.min().item().toFloat(), 0.0F);
}

TEST(GradCam, SeesThroughFrozenLayers) {
  Network network = small_cnn();
  Network frozen = small_cnn(false);
  const Tensor image = wave({1, 2, 8, 8});
  EXPECT_TRUE(grad_cam(network, image, 3, 4).equal(grad_cam(frozen, image, 3, 4)));
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
  grad_cam(network, image, 3, 0);
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
