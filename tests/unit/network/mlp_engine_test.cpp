// Gradients are tested where they are used, in tests/unit/train/mlp_step_test.cpp.
#include "network/mlp_engine.h"

#include "unit/network/small_network.h"

namespace svhn::network {
namespace {

using torch::Tensor;

std::vector<model::LayerKind> layers() {
  return {model::FlattenSpec{},
          model::DenseSpec{.units = 20, .activation = model::Activation::elu},
          model::BatchNormSpec{},
          model::DropoutSpec{0.5},
          model::DenseSpec{.units = 12, .activation = model::Activation::swish, .use_bias = false},
          model::DenseSpec{.units = 10, .activation = model::Activation::softmax}};
}

/// A network whose running statistics are not the initial ones.
Network make_network(model::NetworkPlan plan) {
  Network network(std::move(plan), 1);
  const torch::NoGradGuard no_grad;
  tensor_of(network, "batch_norm_1.running_mean").copy_(at::linspace(-0.5, 0.5, 20));
  tensor_of(network, "batch_norm_1.running_var").copy_(at::linspace(0.1, 2.0, 20));
  return network;
}

TEST(MlpEngine, GivesTheNetworksLogitsInInference) {
  Network network = make_network(any_plan(layers(), {3, 5, 5}));
  const auto engine = MlpEngine::make(network);
  ASSERT_NE(engine, nullptr);
  EXPECT_FALSE(engine->can_train());  // There are no gradients yet.
  const Tensor mean = tensor_of(network, "batch_norm_1.running_mean").clone();
  for (const std::int64_t images : {7, 30, 2}) {
    const Tensor x = at::linspace(0.0, 1.0, images * 75).view({images, 3, 5, 5});
    const Tensor wanted = network.forward(x, {}).detach();
    const auto* logits = engine->forward(static_cast<const float*>(x.data_ptr()), images, {});
    const Tensor got = torch::from_blob(const_cast<float*>(logits), {images, 10}, torch::kFloat32);
    EXPECT_TRUE(got.allclose(wanted, 1e-5, 1e-6)) << images;
  }
  EXPECT_TRUE(tensor_of(network, "batch_norm_1.running_mean").equal(mean));
}

TEST(MlpEngine, FollowsTheWeights) {
  Network network = make_network(any_plan(layers(), {1, 4, 4}));
  const auto engine = MlpEngine::make(network);
  ASSERT_NE(engine, nullptr);
  set(network, "dense_3.weight", std::vector<double>(120, 0.0));
  set(network, "dense_3.bias", {0, 1, 2, 3, 4, 5, 6, 7, 8, 9});
  const std::vector<float> x(16, 0.5F);
  const float* logits = engine->forward(x.data(), 1, {});
  for (int i = 0; i < 10; ++i) EXPECT_EQ(logits[i], static_cast<float>(i));
}

TEST(MlpEngine, LeavesOtherNetworksAlone) {
  EXPECT_EQ(MlpEngine::make(
                Network(any_plan({model::Conv2dSpec{.filters = 2}, model::FlattenSpec{}}, {1, 4, 4}), 1)),
            nullptr);
  EXPECT_EQ(
      MlpEngine::make(Network(any_plan(layers(), {1, 4, 4}), 1, BatchNormVariance::keras, torch::kFloat64)),
      nullptr);
}

}  // namespace
}  // namespace svhn::network
