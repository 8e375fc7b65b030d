// Hand-computed batch norms, in float64.
#include <cmath>

#include "unit/network/small_network.h"

namespace svhn::network {
namespace {

using torch::Tensor;
constexpr ForwardContext kNormInference{};
constexpr ForwardContext kNormTraining{.training = true};

Network network_of(std::vector<model::Operation> ops, const model::Shape& input,
                   BatchNormVariance variance = BatchNormVariance::keras) {
  return {any_graph(std::move(ops), input), 1, variance, torch::kFloat64};
}

struct Statistics {
  std::vector<double> output, mean, variance;
};

/// One batch through a batch norm with momentum 0.99 and epsilon 1e-3.
Statistics normalise(const Tensor& input, BatchNormVariance variance, const ForwardContext& context,
                     bool trainable = true) {
  model::ModelSpec spec = spec_of({model::BatchNormOp{}});
  spec.layers[0].trainable = trainable;
  // Batch norm also supports vectors; a plan starts with an image, so a reshape makes them.
  if (input.dim() == 2) {
    spec.layers.insert(spec.layers.begin(), {"", model::FlattenOp{}});
  }
  const model::Shape shape =
      input.dim() == 2 ? model::Shape{input.size(1), 1, 1} : input.sizes().slice(1).vec();
  Network network(model::plan_network(spec, shape, {.outputs = 0}), 1, variance, torch::kFloat64);
  const Tensor image = input.dim() == 2 ? input.view({input.size(0), input.size(1), 1, 1}) : input;
  const Tensor output = network.forward(image, context);
  return {to_vector(output), to_vector(tensor_of(network, "batch_norm_1.running_mean")),
          to_vector(tensor_of(network, "batch_norm_1.running_var"))};
}

void expect_values(const std::vector<double>& actual, const std::vector<double>& expected) {
  ASSERT_EQ(actual.size(), expected.size());
  for (std::size_t i = 0; i < actual.size(); ++i) EXPECT_NEAR(actual[i], expected[i], 1e-12) << i;
}

// Values 1, 3: mean 2, variance 1 (biased) or 2 (Bessel-corrected).
const double kNorm = 1.0 / std::sqrt(1.001);

TEST(BatchNorm, KeepsTheBiasedVarianceOfVectorsAsKeras) {
  const auto result = normalise(doubles({1, 3}, {2, 1}), BatchNormVariance::keras, kNormTraining);
  expect_values(result.output, {-kNorm, kNorm});
  expect_values(result.mean, {0.02});
  expect_values(result.variance, {0.99 + 0.01 * 1.0});
}

TEST(BatchNorm, KeepsTheCorrectedVarianceOfVectorsAsPyTorch) {
  const auto result = normalise(doubles({1, 3}, {2, 1}), BatchNormVariance::torch, kNormTraining);
  expect_values(result.output, {-kNorm, kNorm});
  expect_values(result.variance, {0.99 + 0.01 * 2.0});
}

TEST(BatchNorm, KeepsTheCorrectedVarianceOfImagesInBothSenses) {
  for (const auto variance : {BatchNormVariance::keras, BatchNormVariance::torch}) {
    const auto result = normalise(doubles({1, 3}, {1, 1, 1, 2}), variance, kNormTraining);
    expect_values(result.output, {-kNorm, kNorm});
    expect_values(result.mean, {0.02});
    expect_values(result.variance, {0.99 + 0.01 * 2.0});
  }
}

TEST(BatchNorm, TakesASingleValueToHaveNoVariance) {
  for (const auto variance : {BatchNormVariance::keras, BatchNormVariance::torch}) {
    const auto vectors = normalise(doubles({5, 7}, {1, 2}), variance, kNormTraining);
    expect_values(vectors.output, {0, 0});
    expect_values(vectors.mean, {0.05, 0.07});
    expect_values(vectors.variance, {0.99, 0.99});
    expect_values(normalise(doubles({5, 7}, {1, 2, 1, 1}), variance, kNormTraining).variance, {0.99, 0.99});
  }
}

TEST(BatchNorm, UsesItsRunningStatisticsInInferenceAndWhenFrozen) {
  const Tensor x = doubles({1, 3}, {2, 1});
  for (const auto& result : {normalise(x, BatchNormVariance::keras, kNormInference),
                             normalise(x, BatchNormVariance::keras, kNormTraining, false)}) {
    expect_values(result.output, {kNorm, 3 * kNorm});
    expect_values(result.mean, {0});
    expect_values(result.variance, {1});
  }
}

TEST(BatchNorm, AppliesScaleAndShift) {
  Network network = network_of({model::BatchNormOp{.epsilon = 0.75, .momentum = 0.5}}, {1, 1, 2});
  set(network, "batch_norm_1.weight", {3});
  set(network, "batch_norm_1.bias", {10});
  set(network, "batch_norm_1.running_mean", {4});
  set(network, "batch_norm_1.running_var", {0.25});
  const Tensor x = doubles({1, 3}, {1, 1, 1, 2});
  // (x - 4) / sqrt(0.25 + 0.75) * 3 + 10
  expect_near(network.forward(x, kNormInference), {1, 7});
  network.forward(x, kNormTraining);
  expect_near(tensor_of(network, "batch_norm_1.running_mean"), {0.5 * 4 + 0.5 * 2});
  expect_near(tensor_of(network, "batch_norm_1.running_var"), {0.5 * 0.25 + 0.5 * 2});
}

TEST(BatchNorm, LeavesItsGradientsRight) {
  Network network = network_of({model::FlattenOp{}, model::BatchNormOp{}}, {1, 1, 1});
  const Tensor x = doubles({1, 2, 6}, {3, 1, 1, 1}).requires_grad_(true);
  const Tensor upstream = doubles({1, -2, 4}, {3, 1});
  network.forward(x, kNormTraining).backward(upstream);
  // Ioffe and Szegedy 2015, section 3: with s = 1/sqrt(var + eps) and y = (x - mean) s,
  // dx = s (g - mean(g) - y mean(g y)), dgamma = sum(g y), dbeta = sum(g).
  const Tensor flat = x.detach().view({3, 1});
  const Tensor s = (flat.var(0, false) + 1e-3).rsqrt();
  const Tensor y = (flat - flat.mean(0)) * s;
  const Tensor dx = s * (upstream - upstream.mean(0) - y * (upstream * y).mean(0));
  expect_near(x.grad(), to_vector(dx));
  expect_near(tensor_of(network, "batch_norm_1.weight").grad(), to_vector((upstream * y).sum(0)));
  expect_near(tensor_of(network, "batch_norm_1.bias").grad(), {3});
}

}  // namespace
}  // namespace svhn::network
