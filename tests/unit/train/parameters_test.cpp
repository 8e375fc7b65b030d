#include "train/parameters.h"

#include "unit/network/small_network.h"

namespace svhn::train {
namespace {

using network::expect_near;
using torch::Tensor;

/// A network of 1x1 images: weight [2,1], bias [2].
network::Network tiny() {
  return {network::any_graph({model::FlattenOp{}, model::DenseOp{.units = 2}}, {1, 1, 1}), 1,
          network::BatchNormVariance::keras, torch::kFloat64};
}

TEST(FlatParameters, HoldTheNetworksOwnNumbers) {
  network::Network network = tiny();
  network::set(network, "dense_1.weight", {3, 4});
  network::set(network, "dense_1.bias", {5, 6});
  const FlatParameters flat(network.tensors());
  expect_near(flat.values(), {3, 4, 5, 6});
  EXPECT_FALSE(flat.values().requires_grad());
  flat.values().mul_(10);
  expect_near(network::tensor_of(network, "dense_1.bias"), {50, 60});
  expect_near(network.forward(network::doubles({1}, {1, 1, 1, 1}), {}), {80, 100});
}

TEST(FlatParameters, GatherGradients) {
  network::Network network = tiny();
  const FlatParameters flat(network.tensors());
  const auto backward = [&] {
    network.forward(network::doubles({7}, {1, 1, 1, 1}), {}).backward(network::doubles({1, 2}, {1, 2}));
  };
  backward();
  expect_near(flat.gradients(), {7, 14, 1, 2});
  backward();
  expect_near(flat.gradients(), {14, 28, 2, 4});
  flat.gradients().zero_();
  backward();
  expect_near(flat.gradients(), {7, 14, 1, 2});
}

TEST(FlatParameters, SplitIntoNamedViews) {
  const network::Network network = tiny();
  const FlatParameters flat(network.tensors());
  const Tensor other = torch::arange(4.0, torch::kFloat64);
  const auto views = flat.split(other, "optimizer.m.");
  ASSERT_EQ(views.size(), 2U);
  EXPECT_EQ(views[0].name, "optimizer.m.dense_1.weight");
  EXPECT_EQ(views[0].tensor.sizes(), (std::vector<std::int64_t>{2, 1}));
  expect_near(views[1].tensor, {2, 3});
  views[1].tensor.fill_(9);
  expect_near(other, {0, 1, 9, 9});
}

TEST(FlatParameters, KeepKernelsAsConvolutionsReadThem) {
  const network::Network network(
      network::any_graph({model::Conv2dOp{.filters = 2, .window = {.height = 2}}}, {3, 4, 4}), 1);
  const Tensor weight = network::tensor_of(network, "conv2d_1.weight"), before = weight.detach().clone();
  const FlatParameters flat(network.tensors());
  EXPECT_TRUE(weight.detach().equal(before));
  EXPECT_TRUE(weight.is_contiguous(at::MemoryFormat::ChannelsLast));
  EXPECT_TRUE(weight.grad().is_contiguous(at::MemoryFormat::ChannelsLast));
  // The flat buffer starts with the first filter's first place, its three channels.
  EXPECT_TRUE(flat.values().narrow(0, 0, 3).equal(before.select(0, 0).select(1, 0).select(1, 0)));
}

TEST(FlatParameters, ClipTheNormOfAllGradientsTogether) {
  const network::Network network = tiny();
  FlatParameters flat(network.tensors());
  flat.gradients().copy_(torch::tensor({1.0, -2.0, 2.0, 4.0}, torch::kFloat64));  // Norm 5.
  EXPECT_DOUBLE_EQ(flat.clip_norm(5.5), 1.0);
  expect_near(flat.gradients(), {1, -2, 2, 4});
  EXPECT_DOUBLE_EQ(flat.clip_norm(2.5), 0.5);
  expect_near(flat.gradients(), {0.5, -1, 1, 2});
}

}  // namespace
}  // namespace svhn::train
