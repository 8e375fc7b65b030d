#include "train/average.h"

#include <stdexcept>

#include "unit/network/small_network.h"

namespace svhn::train {
namespace {

using network::expect_near;

/// weight [1,1], bias [1].
network::Network tiny() {
  return {network::any_plan({model::FlattenSpec{}, model::DenseSpec{.units = 1}}, {1, 1, 1}), 1,
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
