// Fused layers against the separate layers, which forward_visiting runs.
#include <gtest/gtest.h>

#include "unit/network/small_network.h"

namespace svhn::network {
namespace {

using torch::Tensor;

/// Two blocks with all layers, a dense one, one whose activation the kernels do not have, and a single layer.
Network small(torch::ScalarType dtype = torch::kFloat32, bool frozen = false) {
  std::vector<model::LayerKind> kinds{
      model::Conv2dSpec{.filters = 8, .padding = model::Padding::same, .activation = model::Activation::selu},
      model::BatchNormSpec{},
      model::Conv2dSpec{.filters = 6, .padding = model::Padding::same, .activation = model::Activation::relu},
      model::BatchNormSpec{},
      model::MaxPool2dSpec{},
      model::DropoutSpec{.rate = 0.2},
      model::Conv2dSpec{.filters = 5, .activation = model::Activation::gelu},
      model::BatchNormSpec{},
      model::MaxPool2dSpec{},
      model::FlattenSpec{},
      model::DenseSpec{.units = 7, .activation = model::Activation::elu},
      model::BatchNormSpec{},
      model::DropoutSpec{.rate = 0.5},
      model::DenseSpec{.units = 10}};
  model::NetworkPlan plan = any_plan(std::move(kinds), {3, 12, 12});
  if (frozen) plan.layers[1].layer.trainable = false;
  Network network(std::move(plan), 3, BatchNormVariance::keras, dtype);
  torch::manual_seed(5);
  const torch::NoGradGuard no_grad;
  for (const auto& item : network.tensors()) {
    if (item.name.find("running_var") == std::string::npos)
      item.tensor.detach().add_(torch::randn_like(item.tensor), 0.1);
  }
  return network;
}

struct Outcome {
  Tensor logits;
  std::vector<Tensor> gradients, tensors;
};

/// @param apart runs each layer separately, by forward_visiting.
Outcome run(Network network, const Tensor& images, const ForwardContext& context, bool apart) {
  Outcome outcome;
  const auto look = [](std::size_t, const Tensor&) {};
  outcome.logits = apart ? network.forward_visiting(images, context, look) : network.forward(images, context);
  if (outcome.logits.requires_grad()) outcome.logits.square().sum().backward();
  for (const auto& item : network.tensors()) {
    outcome.gradients.push_back(item.tensor.grad());
    outcome.tensors.push_back(item.tensor.detach());
  }
  return outcome;
}

void expect_same(const Tensor& ours, const Tensor& theirs, double tolerance) {
  ASSERT_EQ(ours.defined(), theirs.defined());
  if (!ours.defined()) return;
  const double largest = std::max(theirs.abs().max().item().toDouble(), 1e-3);
  EXPECT_LE((ours - theirs).abs().max().item().toDouble(), tolerance * largest);
}

void expect_same(const Outcome& ours, const Outcome& theirs, double tolerance) {
  expect_same(ours.logits, theirs.logits, tolerance);
  for (std::size_t i = 0; i < theirs.tensors.size(); ++i) {
    SCOPED_TRACE(i);
    expect_same(ours.gradients[i], theirs.gradients[i], tolerance);
    expect_same(ours.tensors[i], theirs.tensors[i], tolerance);
  }
}

Tensor fused_images(torch::ScalarType dtype = torch::kFloat32) {
  torch::manual_seed(8);  // No pooled maximum is so narrow that one of the roundings to compare decides it.
  return torch::rand({16, 3, 12, 12}, dtype);
}

/// Batch norms of 16 numbers multiply float32's 1e-7 by a few hundred.
constexpr double kFloat32 = 1e-4;
const ForwardContext kFusedTraining{.training = true, .seed = 4, .step = 9};

TEST(FusedLayers, TrainAsTheLayersDoOneByOne) {
  const Tensor x = fused_images();
  expect_same(run(small(), x, kFusedTraining, false), run(small(), x, kFusedTraining, true), kFloat32);
}

/// @returns the largest difference of any gradient, relative to that gradient's largest number.
double distance(const Outcome& some, const Outcome& exact) {
  double worst = 0.0;
  for (std::size_t i = 0; i < exact.gradients.size(); ++i) {
    if (!exact.gradients[i].defined()) continue;
    const Tensor difference = (some.gradients[i] - exact.gradients[i]).abs().max();
    worst = std::max(worst, (difference / exact.gradients[i].abs().max()).item().toDouble());
  }
  return worst;
}

TEST(FusedLayers, TrainInBfloat16AsNearToFloat32AsTheLayersDo) {
  const Tensor x = fused_images();
  ForwardContext context = kFusedTraining;
  context.precision = kernels::Precision::bfloat16;
  const Outcome exact = run(small(), x, kFusedTraining, true), ours = run(small(), x, context, false);
  expect_same(ours.logits, exact.logits, 0.05);
  EXPECT_LT(distance(ours, exact), 1.5 * distance(run(small(), x, context, true), exact));
}

TEST(FusedLayers, InferAsTheLayersDoOneByOne) {
  const torch::NoGradGuard no_grad;
  const Tensor x = fused_images();
  expect_same(run(small(), x, {}, false), run(small(), x, {}, true), 1e-5);
}

TEST(FusedLayers, LeaveFrozenBatchNormsAlone) {
  const Tensor x = fused_images();
  const Network before = small(torch::kFloat32, true);
  const Outcome ours = run(small(torch::kFloat32, true), x, kFusedTraining, false);
  expect_same(ours, run(small(torch::kFloat32, true), x, kFusedTraining, true), kFloat32);
  // conv2d_1.weight, .bias, batch_norm_1.weight, .bias, .running_mean
  EXPECT_TRUE(ours.tensors[4].equal(before.tensors()[4].tensor));
}

TEST(FusedLayers, LeaveFloat64AndItsGradientsToTheLayers) {
  const Tensor x = fused_images(torch::kFloat64);
  expect_same(run(small(torch::kFloat64), x, kFusedTraining, false),
              run(small(torch::kFloat64), x, kFusedTraining, true), 1e-12);
}

TEST(FusedLayers, GiveGradientsOfImagesInInference) {
  const Tensor x = fused_images().requires_grad_();
  Network network = small();
  network.forward(x, {}).sum().backward();
  EXPECT_GT(x.grad().abs().max().item().toDouble(), 0.0);
}

}  // namespace
}  // namespace svhn::network
