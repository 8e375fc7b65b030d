#include "train/update.h"

#include <stdexcept>

#include "unit/network/small_network.h"

namespace svhn::train {
namespace {

using network::expect_near;
using torch::Tensor;

/// SqueezeNet with its last module trained, and a head: [10].
network::Network with_backbone() {
  model::BackboneSpec backbone;
  backbone.backbone = "squeezenet1_1";
  backbone.weights = "random";
  backbone.trainable = {"features.12.*"};
  return {network::any_graph({backbone, model::FlattenOp{}, model::DenseOp{.units = 10}}, {3, 32, 32}), 1};
}

TrainOptions plain_descent() {
  TrainOptions options;
  options.optimizer = {.type = OptimizerType::sgd, .learning_rate = 0.5, .momentum = 0.9};
  return options;
}

/// @returns by how much one step with gradients of 1 and the head's rate 0.25 moves each trainable tensor.
std::vector<std::pair<std::string, double>> moves(const TrainOptions& options) {
  network::Network network = with_backbone();
  ParameterUpdate update(network, options);
  const Tensor before = update.parameters().values().clone();
  update.parameters().gradients().fill_(1.0);
  update.step(0.25, 1);
  const Tensor change = update.parameters().values() - before;
  std::vector<std::pair<std::string, double>> found;
  for (const auto& item : update.parameters().split(change, "")) {
    EXPECT_NEAR(item.tensor.min().item().toDouble(), item.tensor.max().item().toDouble(), 1e-6);
    found.emplace_back(item.name, item.tensor.mean().item().toDouble());
  }
  return found;
}

TEST(ParameterUpdate, MovesABackboneAtItsOwnRate) {
  TrainOptions options = plain_descent();
  options.optimizer.backbone_learning_rate = 0.05;
  int backbone = 0, head = 0;
  for (const auto& [name, move] : moves(options)) {
    const bool of_backbone = name.starts_with("squeezenet1_1.");
    // The step's rate is half the head's 0.5, so the backbone's is half of 0.05.
    EXPECT_NEAR(move, of_backbone ? -0.025 : -0.25, 1e-6) << name;
    ++(of_backbone ? backbone : head);
  }
  EXPECT_EQ(backbone, 6) << "squeeze and two expansions, weight and bias";
  EXPECT_EQ(head, 2);
}

TEST(ParameterUpdate, MovesEverythingAlikeWithoutOne) {
  for (const auto& [name, move] : moves(plain_descent())) EXPECT_NEAR(move, -0.25, 1e-6) << name;
}

TEST(ParameterUpdate, SparesBiasesAndNormsOfWeightDecayIfAsked) {
  TrainOptions options = plain_descent();
  options.optimizer.weight_decay = 0.5;
  options.optimizer.decay_bias_and_norm = false;
  network::Network network = with_backbone();
  ParameterUpdate update(network, options);
  update.parameters().values().fill_(2.0);
  update.parameters().gradients().zero_();
  update.step(0.25, 1);
  for (const auto& item : update.parameters().tensors()) {
    // 2 - 0.25 * 0.5 * 2 for kernels.
    const double wanted = item.name.ends_with(".weight") ? 1.75 : 2.0;
    EXPECT_EQ(item.tensor.mean().item().toDouble(), wanted) << item.name;
  }
}

TEST(ParameterUpdate, NamesTheStateOfEveryTensorOnce) {
  TrainOptions options = plain_descent();
  options.optimizer.backbone_learning_rate = 0.05;
  network::Network network = with_backbone();
  const ParameterUpdate update(network, options);
  const auto state = update.tensors();
  const auto& parameters = update.parameters().tensors();
  ASSERT_EQ(state.size(), parameters.size());
  for (std::size_t i = 0; i < state.size(); ++i) {
    EXPECT_EQ(state[i].name, "optimizer.velocity." + parameters[i].name);
    EXPECT_EQ(state[i].tensor.sizes(), parameters[i].tensor.sizes());
  }
}

/// weight [1,1], bias [1].
network::Network tiny() {
  return {network::any_graph({model::FlattenOp{}, model::DenseOp{.units = 1}}, {1, 1, 1}), 1,
          network::BatchNormVariance::keras, torch::kFloat64};
}

TEST(WeightAverage, MovesTowardsTheWeights) {
  network::Network network = tiny();
  network::set(network, "dense_1.weight", {8});
  WeightAverage average(network, 0.75);
  network::set(network, "dense_1.weight", {4});
  average.update();
  average.use([&] { expect_near(network::tensor_of(network, "dense_1.weight"), {7}); });
  expect_near(network::tensor_of(network, "dense_1.weight"), {4});
  average.update();
  // 0.75 * 7 + 0.25 * 4
  expect_near(average.tensors().front().tensor, {6.25});
  EXPECT_EQ(average.tensors().front().name, "average.dense_1.weight");
}

TEST(WeightAverage, GivesTheWeightsBackWhenItsUserThrows) {
  network::Network network = tiny();
  network::set(network, "dense_1.weight", {8});
  const WeightAverage average(network, 0.5);
  network::set(network, "dense_1.weight", {4});
  EXPECT_THROW(average.use([] { throw std::runtime_error("full"); }), std::runtime_error);
  expect_near(network::tensor_of(network, "dense_1.weight"), {4});
}

TEST(WeightAverage, IsTheNetworkItselfWithoutADecay) {
  network::Network network = tiny();
  network::set(network, "dense_1.weight", {8});
  const WeightAverage average(network, std::nullopt);
  EXPECT_TRUE(average.tensors().empty());
  average.use([&] { network::set(network, "dense_1.weight", {3}); });
  expect_near(network::tensor_of(network, "dense_1.weight"), {3});
}

}  // namespace
}  // namespace svhn::train
