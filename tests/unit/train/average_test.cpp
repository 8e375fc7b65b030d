#include "svhn/train/average.h"

#include <stdexcept>

#include "unit/model/small_network.h"

namespace svhn::train {
namespace {

using model::expect_near;

/// weight [1,1], bias [1].
model::Network tiny() {
  return {model::any_plan({model::FlattenSpec{}, model::DenseSpec{.units = 1}}, {1, 1, 1}), 1,
          model::BatchNormVariance::keras, torch::kFloat64};
}

TEST(WeightAverage, MovesTowardsTheWeights) {
  model::Network network = tiny();
  model::set(network, "dense_1.weight", {8});
  WeightAverage average(network, 0.75);
  model::set(network, "dense_1.weight", {4});
  average.update();
  average.use([&] { expect_near(model::tensor_of(network, "dense_1.weight"), {7}); });
  expect_near(model::tensor_of(network, "dense_1.weight"), {4});
  average.update();
  // 0.75 * 7 + 0.25 * 4
  expect_near(average.tensors().front().tensor, {6.25});
  EXPECT_EQ(average.tensors().front().name, "average.dense_1.weight");
}

TEST(WeightAverage, GivesTheWeightsBackWhenItsUserThrows) {
  model::Network network = tiny();
  model::set(network, "dense_1.weight", {8});
  const WeightAverage average(network, 0.5);
  model::set(network, "dense_1.weight", {4});
  EXPECT_THROW(average.use([] { throw std::runtime_error("full"); }), std::runtime_error);
  expect_near(model::tensor_of(network, "dense_1.weight"), {4});
}

TEST(WeightAverage, IsTheNetworkItselfWithoutADecay) {
  model::Network network = tiny();
  model::set(network, "dense_1.weight", {8});
  const WeightAverage average(network, std::nullopt);
  EXPECT_TRUE(average.tensors().empty());
  average.use([&] { model::set(network, "dense_1.weight", {3}); });
  expect_near(model::tensor_of(network, "dense_1.weight"), {3});
}

}  // namespace
}  // namespace svhn::train
