// Fused nodes against separate ones, which forward_visiting runs.
#include <gtest/gtest.h>

#include "unit/network/branched.h"
#include "unit/network/outcome.h"

namespace svhn::network {
namespace {

using torch::Tensor;

/// Two blocks with all layers, a dense one, one whose activation the kernels do not have, and a single layer.
Network small(torch::ScalarType dtype = torch::kFloat32, bool frozen = false) {
  std::vector<model::Operation> ops{model::Conv2dOp{.filters = 8,
                                                    .window = {.height = 3, .pad = model::WindowPad::same},
                                                    .activation = model::Activation::selu},
                                    model::BatchNormOp{},
                                    model::Conv2dOp{.filters = 6,
                                                    .window = {.height = 3, .pad = model::WindowPad::same},
                                                    .activation = model::Activation::relu},
                                    model::BatchNormOp{},
                                    model::MaxPool2dOp{},
                                    model::DropoutOp{.rate = 0.2},
                                    model::Conv2dOp{.filters = 5, .activation = model::Activation::gelu},
                                    model::BatchNormOp{},
                                    model::MaxPool2dOp{},
                                    model::FlattenOp{},
                                    model::DenseOp{.units = 7, .activation = model::Activation::elu},
                                    model::BatchNormOp{},
                                    model::DropoutOp{.rate = 0.5},
                                    model::DenseOp{.units = 10}};
  model::ModelSpec spec = spec_of(std::move(ops));
  if (frozen) spec.layers[1].trainable = false;
  Network network(model::plan_network(spec, {3, 12, 12}), 3, BatchNormVariance::keras, dtype);
  torch::manual_seed(5);
  const torch::NoGradGuard no_grad;
  for (const auto& item : network.tensors()) {
    if (item.name.find("running_var") == std::string::npos)
      item.tensor.detach().add_(torch::randn_like(item.tensor), 0.1);
  }
  return network;
}

Tensor fused_images(torch::ScalarType dtype = torch::kFloat32) {
  torch::manual_seed(8);  // No pooled maximum is so narrow that one of the roundings to compare decides it.
  return torch::rand({16, 3, 12, 12}, dtype);
}

/// Batch norms of 16 numbers multiply float32's 1e-7 by a few hundred.
constexpr double kFloat32 = 1e-4;
const ForwardContext kFusedTraining{.training = true, .seed = 4, .step = 9};

TEST(FusedNodes, TrainAsTheLayersDoOneByOne) {
  const Tensor x = fused_images();
  expect_same(run_step(small(), x, kFusedTraining, false), run_step(small(), x, kFusedTraining, true),
              kFloat32);
}

TEST(FusedNodes, TrainInBfloat16AsNearToFloat32AsTheLayersDo) {
  const Tensor x = fused_images();
  ForwardContext context = kFusedTraining;
  context.precision = kernels::Precision::bfloat16;
  const Outcome exact = run_step(small(), x, kFusedTraining, true),
                ours = run_step(small(), x, context, false);
  expect_same(ours.logits, exact.logits, 0.05);
  EXPECT_LT(gradient_distance(ours, exact),
            1.5 * gradient_distance(run_step(small(), x, context, true), exact));
}

TEST(FusedNodes, InferAsTheLayersDoOneByOne) {
  const torch::NoGradGuard no_grad;
  const Tensor x = fused_images();
  expect_same(run_step(small(), x, {}, false), run_step(small(), x, {}, true), 1e-5);
}

TEST(FusedNodes, LeaveFrozenBatchNormsAlone) {
  const Tensor x = fused_images();
  const Network before = small(torch::kFloat32, true);
  const Outcome ours = run_step(small(torch::kFloat32, true), x, kFusedTraining, false);
  expect_same(ours, run_step(small(torch::kFloat32, true), x, kFusedTraining, true), kFloat32);
  // conv2d_1.weight, .bias, batch_norm_1.weight, .bias, .running_mean
  EXPECT_TRUE(ours.tensors[4].equal(before.tensors()[4].tensor));
}

TEST(FusedNodes, LeaveFloat64AndItsGradientsToTheLayers) {
  const Tensor x = fused_images(torch::kFloat64);
  expect_same(run_step(small(torch::kFloat64), x, kFusedTraining, false),
              run_step(small(torch::kFloat64), x, kFusedTraining, true), 1e-12);
}

TEST(FusedNodes, GiveGradientsOfImagesInInference) {
  const Tensor x = fused_images().requires_grad_();
  Network network = small();
  network.forward(x, {}).sum().backward();
  EXPECT_GT(x.grad().abs().max().item().toDouble(), 0.0);
}

/// @returns the layers of each block: "a+b+c d+e".
std::string blocks_of(const model::Graph& graph) {
  const Fusion fusion = fuse(graph);
  std::string text;
  for (model::NodeId id = 1; id < graph.nodes.size(); ++id) {
    const FusedNodes* block = fusion.block_of(id);
    if (block == nullptr) continue;
    text += block->first() != id ? "+" : text.empty() ? "" : " ";
    text += graph.nodes[id].name;
  }
  return text;
}

model::Graph planned(std::vector<model::LayerSpec> layers, const model::Shape& input = {3, 12, 12}) {
  return model::plan_network({std::move(layers)}, input, {.outputs = 0});
}

const model::Window kSame{.height = 3, .pad = model::WindowPad::same};

TEST(Fuse, TakesAnOpWithWhatFollowsIt) {
  using model::Activation;
  const model::Conv2dOp plain{.filters = 4, .window = kSame};
  EXPECT_EQ(blocks_of(planned({{"c", plain},
                               {"n", model::BatchNormOp{}},
                               {"r", model::ActivationOp{}},
                               {"p", model::MaxPool2dOp{}}})),
            "c+n+r+p");
  EXPECT_EQ(blocks_of(planned({{"c", plain}, {"r", model::ActivationOp{}}})), "c+r");
  EXPECT_EQ(blocks_of(planned(
                {{"c", plain}, {"n", model::BatchNormOp{}}, {"t", model::ActivationOp{Activation::tanh}}})),
            "c+n")
      << "only a ReLU is part of the pass";
  EXPECT_EQ(blocks_of(planned({{"s", model::SeparableConv2dOp{.filters = 4}},
                               {"n", model::BatchNormOp{}},
                               {"r", model::ActivationOp{}}})),
            "s+n+r");
  EXPECT_EQ(blocks_of(planned({{"d", model::DepthwiseConv2dOp{.activation = Activation::elu}},
                               {"n", model::BatchNormOp{}},
                               {"x", model::DropoutOp{0.5}}})),
            "d+n+x");
}

TEST(Fuse, LeavesAloneWhatOthersReadToo) {
  const model::Conv2dOp plain{.filters = 4, .window = kSame};
  EXPECT_EQ(blocks_of(planned({{"c", plain},
                               {"n", model::BatchNormOp{}},
                               {"r", model::ActivationOp{}},
                               {"a", model::AddOp{}, true, {"c", "r"}}})),
            "n+r")
      << "the sum reads the convolution, too";
  EXPECT_EQ(blocks_of(planned({{"c", plain},
                               {"n", model::BatchNormOp{}},
                               {"r", model::ActivationOp{}},
                               {"a", model::AddOp{}, true, {"n", "r"}}})),
            "c+n")
      << "the sum reads the batch norm, too";
  EXPECT_EQ(blocks_of(planned({{"c", plain},
                               {"n", model::BatchNormOp{}},
                               {"r", model::ActivationOp{}},
                               {"d", plain},
                               {"a", model::AddOp{}, true, {"r", "d"}}})),
            "c+n+r")
      << "the block's own output may have several readers";
  EXPECT_EQ(blocks_of(planned(
                {{"c", plain}, {"a", model::AddOp{}, true, {"c", "c"}}, {"n", model::BatchNormOp{}}})),
            "a+n");
}

/// @returns how many batch norms of a network are in no block.
std::size_t norms_alone(const model::Graph& graph) {
  const Fusion fusion = fuse(graph);
  std::size_t count = 0;
  for (model::NodeId id = 1; id < graph.nodes.size(); ++id) {
    const bool norm = std::holds_alternative<model::BatchNormOp>(graph.nodes[id].op);
    if (norm && fusion.block_of(id) == nullptr) ++count;
  }
  return count;
}

TEST(Fuse, TakesTheBatchNormsOfResidualNetworks) {
  EXPECT_EQ(norms_alone(model::plan_network(config_model("preact_resnet16"), {3, 32, 32})), 0U);
  EXPECT_EQ(norms_alone(model::plan_network(config_model("resnet_shortcut"), {3, 32, 32})), 0U);
  const model::Graph graph = model::plan_network(config_model("resnet_shortcut"), {3, 32, 32});
  EXPECT_EQ(blocks_of(graph).substr(0, 37), "conv2d_1+batch_norm_1+stem conv2d_2+b");
}

/// Every way in which nodes are joined, on tensors that other nodes read, too.
Network joined(torch::ScalarType dtype = torch::kFloat32) {
  using model::Activation;
  const model::Conv2dOp plain{.filters = 6, .window = kSame, .use_bias = false};
  Network network(
      planned({{"stem", model::Conv2dOp{.filters = 6, .window = kSame, .activation = Activation::elu}},
               {"n1", model::BatchNormOp{}},
               {"r1", model::ActivationOp{}},
               {"c1", plain},
               {"sum1", model::AddOp{}, true, {"c1", "stem"}},
               {"r2", model::ActivationOp{}},
               {"d1", model::DepthwiseConv2dOp{.window = kSame}},
               {"t1", model::ActivationOp{Activation::mish}},
               {"sum2", model::AddOp{Activation::selu}, true, {"t1", "r2", "r1"}},
               {"n2", model::BatchNormOp{}},
               {"p2", model::MaxPool2dOp{}},
               {"x2", model::DropoutOp{0.3}},
               {"left", plain, true, {"x2"}},
               {"nl", model::BatchNormOp{}},
               {"right",
                model::SeparableConv2dOp{.filters = 6, .window = kSame, .use_bias = false},
                true,
                {"x2"}},
               {"nr", model::BatchNormOp{}},
               {"rr", model::ActivationOp{}},
               {"sum3", model::AddOp{Activation::hard_swish}, true, {"nl", "rr"}},
               {"n3", model::BatchNormOp{}},
               {"r3", model::ActivationOp{}},
               {"cat", model::ConcatOp{}, true, {"r3", "x2"}},
               {"n4", model::BatchNormOp{}, true, {"cat"}},
               {"pool", model::GlobalAveragePoolOp{}},
               {"wide", model::GlobalMaxPoolOp{}, true, {"cat"}},
               {"vec", model::ConcatOp{}, true, {"pool", "wide"}},
               {"f1", model::DenseOp{.units = 8, .activation = Activation::elu}},
               {"nf", model::BatchNormOp{}},
               {"head", model::DenseOp{.units = 10}}}),
      3, BatchNormVariance::keras, dtype);
  fill_vectors(network);
  return network;
}

TEST(FusedNodes, JoinBranchesAsTheNodesDoOneByOne) {
  const Tensor x = fused_images();
  const Outcome exact = run_step(joined(torch::kFloat64), x.to(torch::kFloat64), kFusedTraining, true);
  const Outcome ours = run_step(joined(), x, kFusedTraining, false),
                apart = run_step(joined(), x, kFusedTraining, true);
  expect_same(ours.logits, apart.logits, 1e-5);
  expect_same(ours, apart, kFloat32);
  EXPECT_LE(gradient_distance(ours, exact), std::max(1e-5, 2.0 * gradient_distance(apart, exact)));
  const torch::NoGradGuard no_grad;
  expect_same(run_step(joined(), x, {}, false), run_step(joined(), x, {}, true), 1e-5);
}

TEST(FusedNodes, EqualSeparateNodesInNetworksOfConfigs) {
  for (const char* name : kBranchedConfigs) {
    SCOPED_TRACE(name);
    const Tensor x = branched_images(6);
    const Outcome ours = run_step(branched_network(name), x, kFusedTraining, false),
                  apart = run_step(branched_network(name), x, kFusedTraining, true),
                  exact = run_step(branched_network(name, torch::kFloat64), x.to(torch::kFloat64),
                                   kFusedTraining, true);
    expect_same(ours.logits, apart.logits, 1e-5);
    for (std::size_t i = 0; i < ours.tensors.size(); ++i)
      expect_same(ours.tensors[i], apart.tensors[i], 1e-5);
    // A ReLU whose input is 0 up to rounding decides for each of them alone: some thousandths of a gradient.
    EXPECT_LE(gradient_distance(ours, exact), 0.02);
    const torch::NoGradGuard no_grad;
    expect_same(run_step(branched_network(name), x, {}, false), run_step(branched_network(name), x, {}, true),
                1e-5);
  }
}

TEST(FusedNodes, RunBranchesInBfloat16) {
  for (const char* name : kBranchedConfigs) {
    SCOPED_TRACE(name);
    const Tensor x = branched_images(6);
    ForwardContext context = kFusedTraining;
    context.precision = kernels::Precision::bfloat16;
    const Outcome exact = run_step(branched_network(name), x, kFusedTraining, true),
                  ours = run_step(branched_network(name), x, context, false),
                  apart = run_step(branched_network(name), x, context, true);
    expect_same(ours.logits, exact.logits, 0.1);
    EXPECT_LE(gradient_distance(ours, exact), 1.5 * gradient_distance(apart, exact));
    const torch::NoGradGuard no_grad;
    context.training = false;
    const Tensor inferred = branched_network(name).forward(x, context);
    EXPECT_LE(relative_difference(inferred, branched_network(name).forward(x, {})), 0.1);
  }
}

TEST(FusedNodes, StopAndStartWherePassesDo) {
  // The features of every cut of the graph, from which the rest of the network goes on.
  const torch::NoGradGuard no_grad;
  Network network = joined();
  const Tensor x = fused_images(), logits = network.forward(x, {});
  const std::vector<bool> cuts = model::bottlenecks(network.graph());
  std::size_t count = 0;
  for (model::NodeId id = 1; id < network.graph().output_node(); ++id) {
    if (!cuts[id]) continue;
    ++count;
    const Tensor features = network.forward(x, {.until = id});
    EXPECT_EQ(features.sizes().slice(1).vec(), network.graph().nodes[id].output);
    EXPECT_LE(relative_difference(network.forward(features, {.first = id}), logits), 1e-5) << id;
  }
  EXPECT_EQ(count, 9U) << "stem, sum2, n2, p2, x2, cat, vec, f1, nf but not what branches pass";
}

}  // namespace
}  // namespace svhn::network
