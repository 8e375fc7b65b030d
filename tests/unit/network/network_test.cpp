#include "network/network.h"

#include <cmath>

#include "unit/network/small_network.h"

namespace svhn::network {
namespace {

using torch::Tensor;

std::vector<model::Operation> small_layers() {
  return {model::Conv2dOp{.filters = 4,
                          .window = {.height = 3, .pad = model::WindowPad::same},
                          .activation = model::Activation::selu},
          model::BatchNormOp{},
          model::MaxPool2dOp{},
          model::DropoutOp{0.2},
          model::FlattenOp{},
          model::DenseOp{.units = 10, .activation = model::Activation::softmax}};
}

Network small_network(std::uint64_t seed = 1, torch::ScalarType dtype = torch::kFloat32) {
  return {any_graph(small_layers(), {3, 8, 8}), seed, BatchNormVariance::keras, dtype};
}

/// @returns deterministic numbers between -1 and 1, [n,3,8,8].
Tensor images(std::int64_t n, torch::ScalarType dtype = torch::kFloat32) {
  return torch::arange(static_cast<double>(n * 192), torch::kFloat64)
      .mul(0.7)
      .sin()
      .view({n, 3, 8, 8})
      .to(dtype);
}

void expect_glorot(const Tensor& weight, double fan_in, double fan_out) {
  const double limit = std::sqrt(6.0 / (fan_in + fan_out));  // Glorot and Bengio 2010, equation 16.
  const Tensor w = weight.detach().to(torch::kFloat64);
  const auto n = static_cast<double>(w.numel());
  EXPECT_LE(w.abs().max().item().toDouble(), limit);
  EXPECT_GT(w.abs().max().item().toDouble(), limit * (1.0 - 20.0 / n));
  // A uniform number has the variance limit^2 / 3 and the fourth moment limit^4 / 5; five standard
  // deviations.
  EXPECT_NEAR(w.mean().item().toDouble(), 0.0, 5.0 * limit / std::sqrt(3.0 * n));
  EXPECT_NEAR(w.square().mean().item().toDouble(), limit * limit / 3.0,
              5.0 * limit * limit * std::sqrt((1.0 / 5.0 - 1.0 / 9.0) / n));
}

TEST(Network, StartsWithGlorotWeights) {
  const Network network(any_graph({model::Conv2dOp{.filters = 32, .window = {.height = 3}},
                                   model::FlattenOp{}, model::DenseOp{.units = 20}},
                                  {3, 12, 12}),
                        1);
  expect_glorot(tensor_of(network, "conv2d_1.weight"), 3 * 9, 32 * 9);
  expect_glorot(tensor_of(network, "dense_1.weight"), 32 * 100, 20);
}

TEST(Network, StartsEverythingElseAsKeras) {
  const Network network = small_network();
  expect_near(tensor_of(network, "conv2d_1.bias"), {0, 0, 0, 0});
  expect_near(tensor_of(network, "dense_1.bias"), std::vector<double>(10, 0.0));
  expect_near(tensor_of(network, "batch_norm_1.weight"), {1, 1, 1, 1});
  expect_near(tensor_of(network, "batch_norm_1.bias"), {0, 0, 0, 0});
  expect_near(tensor_of(network, "batch_norm_1.running_mean"), {0, 0, 0, 0});
  expect_near(tensor_of(network, "batch_norm_1.running_var"), {1, 1, 1, 1});
}

TEST(Network, DrawsEachTensorFromItsNameAndSeedAlone) {
  const model::DenseOp dense{.units = 10};
  const Network one(any_graph({model::FlattenOp{}, dense, dense}, {10, 1, 1}), 1);
  const Network deeper(
      any_graph({model::Conv2dOp{.filters = 10, .window = {.height = 1}}, model::FlattenOp{}, dense},
                {10, 1, 1}),
      1);
  const Network other(any_graph({model::FlattenOp{}, dense, dense}, {10, 1, 1}), 2);
  const Tensor weight = tensor_of(one, "dense_1.weight");
  EXPECT_TRUE(weight.equal(tensor_of(deeper, "dense_1.weight")));
  EXPECT_FALSE(weight.equal(tensor_of(one, "dense_2.weight")));
  EXPECT_FALSE(weight.equal(tensor_of(other, "dense_1.weight")));
}

TEST(Network, MarksWhatIsTrained) {
  model::ModelSpec spec = spec_of(small_layers());
  spec.layers[0].trainable = false;
  const Network network(model::plan_network(spec, {3, 8, 8}), 1);
  std::string trained;
  for (const auto& item : network.tensors()) {
    EXPECT_EQ(item.tensor.requires_grad(), item.trainable) << item.name;
    if (item.trainable) trained += item.name + " ";
  }
  EXPECT_EQ(trained, "batch_norm_1.weight batch_norm_1.bias dense_1.weight dense_1.bias ");
}

TEST(Network, ReturnsLogitsInItsOwnType) {
  for (const auto dtype : {torch::kFloat32, torch::kFloat64}) {
    Network network = small_network(1, dtype);
    const Tensor logits = network.forward(images(5, dtype), {});
    EXPECT_EQ(logits.sizes(), (std::vector<std::int64_t>{5, 10}));
    EXPECT_EQ(logits.scalar_type(), dtype);
    // Probabilities would add up to 1.
    EXPECT_GT((logits.sum(1) - 1).abs().max().item().toDouble(), 1e-3);
  }
}

TEST(Network, ShowsEveryNodesOutputInOrder) {
  Network network = small_network();
  std::vector<model::NodeId> nodes;
  std::vector<Tensor> outputs;
  const Tensor logits = network.forward_visiting(images(2), {}, [&](model::NodeId id, const Tensor& output) {
    nodes.push_back(id);
    outputs.push_back(output);
  });
  EXPECT_EQ(nodes, (std::vector<model::NodeId>{1, 2, 3, 4, 5, 6}));
  for (std::size_t i = 0; i < outputs.size(); ++i) {
    EXPECT_EQ(outputs[i].sizes().slice(1).vec(), network.graph().nodes[nodes[i]].output) << i;
  }
  EXPECT_TRUE(outputs.back().equal(logits));
  EXPECT_TRUE(logits.equal(network.forward(images(2), {})));
}

TEST(Network, LeavesStatisticsAloneInInference) {
  Network network = small_network();
  network.forward(images(4), {});
  expect_near(tensor_of(network, "batch_norm_1.running_var"), {1, 1, 1, 1});
  network.forward(images(4), {.training = true});
  EXPECT_FALSE(tensor_of(network, "batch_norm_1.running_var").eq(1).any().item().toBool());
}

TEST(Network, ComputesInBfloat16AndKeepsFloat32Weights) {
  // Dropout follows the memory order, which differs in bfloat16.
  auto layers = small_layers();
  layers[3] = model::DropoutOp{0.0};
  Network network(any_graph(layers, {3, 8, 8}), 1), exact(any_graph(layers, {3, 8, 8}), 1);
  const ForwardContext low{.training = true, .precision = kernels::Precision::bfloat16};
  std::vector<torch::ScalarType> types;
  const Tensor logits = network.forward_visiting(
      images(8), low, [&](model::NodeId, const Tensor& output) { types.push_back(output.scalar_type()); });
  EXPECT_EQ(types, std::vector<torch::ScalarType>(6, torch::kBFloat16));
  EXPECT_EQ(logits.scalar_type(), torch::kFloat32);
  const Tensor wanted = exact.forward(images(8), {.training = true});
  // bfloat16 has 8 bits of precision; sums of 64 terms of size 1 stay within a few hundredths.
  EXPECT_TRUE(at::allclose(logits, wanted, 0.05, 0.05));
  logits.sum().backward();
  for (const auto& item : network.tensors()) {
    EXPECT_EQ(item.tensor.scalar_type(), torch::kFloat32) << item.name;
    if (item.trainable) {
      ASSERT_TRUE(item.tensor.grad().defined()) << item.name;
      EXPECT_EQ(item.tensor.grad().scalar_type(), torch::kFloat32) << item.name;
    }
  }
  EXPECT_TRUE(at::allclose(tensor_of(network, "batch_norm_1.running_var"),
                           tensor_of(exact, "batch_norm_1.running_var"), 0.01, 0.001));
}

TEST(Network, StaysWholeWhenMovedToItsOwnDevice) {
  Network network = small_network();
  const Tensor before = network.forward(images(2), {});
  network.to(torch::kCPU);
  EXPECT_TRUE(network.device().is_cpu());
  EXPECT_TRUE(network.forward(images(2), {}).equal(before));
  EXPECT_TRUE(tensor_of(network, "dense_1.weight").requires_grad());
}

}  // namespace
}  // namespace svhn::network
