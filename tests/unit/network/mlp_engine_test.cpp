// Gradients are tested where they are used, in tests/unit/train/mlp_step_test.cpp.
#include "network/mlp_engine.h"

#include "unit/network/small_network.h"

namespace svhn::network {
namespace {

using torch::Tensor;

std::vector<model::Operation> layers() {
  return {model::FlattenOp{},
          model::DenseOp{.units = 20, .activation = model::Activation::elu},
          model::BatchNormOp{},
          model::DropoutOp{0.5},
          model::DenseOp{.units = 12, .activation = model::Activation::swish, .use_bias = false},
          model::DenseOp{.units = 10, .activation = model::Activation::softmax}};
}

/// A network whose running statistics are not the initial ones.
Network make_network(model::Graph graph) {
  Network network(std::move(graph), 1);
  const torch::NoGradGuard no_grad;
  tensor_of(network, "batch_norm_1.running_mean").copy_(at::linspace(-0.5, 0.5, 20));
  tensor_of(network, "batch_norm_1.running_var").copy_(at::linspace(0.1, 2.0, 20));
  return network;
}

TEST(MlpEngine, GivesTheNetworksLogitsInInference) {
  Network network = make_network(any_graph(layers(), {3, 5, 5}));
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
  Network network = make_network(any_graph(layers(), {1, 4, 4}));
  const auto engine = MlpEngine::make(network);
  ASSERT_NE(engine, nullptr);
  set(network, "dense_3.weight", std::vector<double>(120, 0.0));
  set(network, "dense_3.bias", {0, 1, 2, 3, 4, 5, 6, 7, 8, 9});
  const std::vector<float> x(16, 0.5F);
  const float* logits = engine->forward(x.data(), 1, {});
  for (int i = 0; i < 10; ++i) EXPECT_EQ(logits[i], static_cast<float>(i));
}

TEST(MlpEngine, LeavesBranchesAndOtherActivationsAlone) {
  model::ModelSpec spec = spec_of({model::FlattenOp{}, model::DenseOp{.units = 8}, model::DenseOp{.units = 8},
                                   model::AddOp{}, model::DenseOp{.units = 10}});
  spec.layers[3].inputs = {"dense_1", "dense_2"};
  EXPECT_EQ(MlpEngine::make(Network(model::plan_network(spec, {1, 4, 4}), 1)), nullptr);
  for (const auto activation :
       {model::Activation::relu6, model::Activation::mish, model::Activation::softplus}) {
    EXPECT_EQ(
        MlpEngine::make(Network(
            any_graph({model::FlattenOp{}, model::DenseOp{.units = 8, .activation = activation}}, {1, 4, 4}),
            1)),
        nullptr);
  }
}

TEST(MlpEngine, LeavesOtherNetworksAlone) {
  EXPECT_EQ(
      MlpEngine::make(Network(any_graph({model::Conv2dOp{.filters = 2}, model::FlattenOp{}}, {1, 4, 4}), 1)),
      nullptr);
  EXPECT_EQ(
      MlpEngine::make(Network(any_graph(layers(), {1, 4, 4}), 1, BatchNormVariance::keras, torch::kFloat64)),
      nullptr);
}

}  // namespace
}  // namespace svhn::network
