// Hand-computed layer outputs, in float64.
#include "network/layers.h"

#include <cmath>

#include "core/random.h"
#include "kernels/dropout.h"
#include "unit/network/small_network.h"

namespace svhn::network {
namespace {

using torch::Tensor;
constexpr ForwardContext kLayersInference{};
constexpr ForwardContext kLayersTraining{.training = true};

Network layers_network_of(std::vector<model::LayerKind> kinds, const model::Shape& input,
                          BatchNormVariance variance = BatchNormVariance::keras) {
  return {any_plan(std::move(kinds), input), 1, variance, torch::kFloat64};
}

/// Output of one layer without weights.
Tensor output_of(const model::LayerKind& kind, const Tensor& input,
                 const ForwardContext& context = kLayersInference) {
  return layers_network_of({kind}, input.sizes().slice(1).vec()).forward(input, context);
}

Tensor counting(std::int64_t height, std::int64_t width) {
  return torch::arange(static_cast<double>(height * width), torch::kFloat64).view({1, 1, height, width});
}

Tensor convolve_with_ones(const model::Conv2dSpec& spec, const Tensor& input) {
  Network network = layers_network_of({spec}, input.sizes().slice(1).vec());
  const torch::NoGradGuard no_grad;
  tensor_of(network, "conv2d_1.weight").fill_(1.0);
  return network.forward(input, kLayersInference);
}

TEST(Conv2dLayer, CorrelatesAndAddsItsBias) {
  Network network = layers_network_of({model::Conv2dSpec{.filters = 1, .kernel = 2}}, {1, 2, 2});
  set(network, "conv2d_1.weight", {10, 20, 30, 40});
  set(network, "conv2d_1.bias", {0.5});
  // 1*10 + 2*20 + 3*30 + 4*40 + 0.5; a flipped kernel would give 200.5.
  expect_near(network.forward(doubles({1, 2, 3, 4}, {1, 1, 2, 2}), kLayersInference), {300.5});
}

TEST(Conv2dLayer, PadsSameWithStrideTwoAtTheEndOnly) {
  // ceil(4 / 2) = 2 outputs need 1 more row and column; TensorFlow puts them last. Sums of 3x3 windows of
  // 0..15:
  const model::Conv2dSpec spec{.filters = 1, .kernel = 3, .stride = 2, .padding = model::Padding::same};
  expect_near(convolve_with_ones(spec, counting(4, 4)), {45, 39, 66, 50});
}

TEST(Conv2dLayer, PadsSameWithStrideTwoOnBothSidesOfAnOddLength) {
  // 5 -> 3 outputs need 2 more, one on each side: windows over rows and columns (-,0,1), (1,2,3), (3,4,-).
  const model::Conv2dSpec spec{.filters = 1, .kernel = 3, .stride = 2, .padding = model::Padding::same};
  expect_near(convolve_with_ones(spec, counting(5, 5)), {12, 27, 24, 63, 108, 81, 72, 117, 84});
}

TEST(Conv2dLayer, PadsEvenKernelsAtTheEnd) {
  const model::Conv2dSpec two{.filters = 1, .kernel = 2, .padding = model::Padding::same};
  expect_near(convolve_with_ones(two, counting(3, 3)), {8, 12, 7, 20, 24, 13, 13, 15, 8});
  // Kernel 4, stride 2 on 4: 2 more, one on each side: (-,0,1,2) and (1,2,3,-).
  const model::Conv2dSpec four{.filters = 1, .kernel = 4, .stride = 2, .padding = model::Padding::same};
  expect_near(convolve_with_ones(four, counting(4, 4)), {45, 54, 81, 90});
}

TEST(Conv2dLayer, PadsOddKernelsEvenly) {
  const model::Conv2dSpec spec{.filters = 1, .kernel = 3, .padding = model::Padding::same};
  expect_near(convolve_with_ones(spec, counting(2, 3)), {8, 15, 12, 8, 15, 12});
}

TEST(MaxPool2dLayer, NeverTakesThePadding) {
  const Tensor x = -counting(3, 3) - 1.0;
  expect_near(output_of(model::MaxPool2dSpec{.size = 2, .padding = model::Padding::same}, x),
              {-1, -3, -7, -9});
  expect_near(output_of(model::MaxPool2dSpec{.size = 2, .stride = 1}, x), {-1, -2, -4, -5});
  expect_near(output_of(model::MaxPool2dSpec{}, x), {-1});
}

TEST(AveragePool2dLayer, LeavesThePaddingOutOfTheMean) {
  const Tensor x = counting(3, 3);
  expect_near(output_of(model::AveragePool2dSpec{.size = 2, .padding = model::Padding::same}, x),
              {2, 3.5, 6.5, 8});
  expect_near(output_of(model::AveragePool2dSpec{.size = 3, .stride = 1, .padding = model::Padding::same}, x),
              {2, 2.5, 3, 3.5, 4, 4.5, 5, 5.5, 6});
  expect_near(output_of(model::AveragePool2dSpec{.size = 3}, x), {4});
}

TEST(GlobalAveragePoolLayer, TakesTheMeanOfEachChannel) {
  expect_near(output_of(model::GlobalAveragePoolSpec{}, doubles({1, 3, 10, 30}, {1, 2, 1, 2})), {2, 20});
}

TEST(FlattenLayer, RunsChannelsFirstWhateverTheLayoutInMemory) {
  const Tensor x = torch::arange(24.0, torch::kFloat64).view({2, 3, 2, 2});
  const Tensor flat = x.view({2, 12});
  EXPECT_TRUE(output_of(model::FlattenSpec{}, x).equal(flat));
  EXPECT_TRUE(output_of(model::FlattenSpec{}, x.contiguous(at::MemoryFormat::ChannelsLast)).equal(flat));
  const Tensor channels_last = x.contiguous(at::MemoryFormat::ChannelsLast);
  EXPECT_TRUE(output_of(model::ReshapeSpec{{6, 2}}, channels_last).equal(x.view({2, 6, 2})));
}

TEST(ResizeLayer, InterpolatesBetweenPixelCentres) {
  // Centres of 4 pixels on a line of 2: -0.25, 0.25, 0.75, 1.25; outside of 0..1 the edge's value.
  expect_near(output_of(model::ResizeSpec{1, 4}, doubles({0, 1}, {1, 1, 1, 2})), {0, 0.25, 0.75, 1});
}

TEST(DenseLayer, MultipliesRowsOfItsWeight) {
  Network network = layers_network_of({model::FlattenSpec{}, model::DenseSpec{.units = 2}}, {2, 1, 1});
  set(network, "dense_1.weight", {1, 2, 3, 4});
  set(network, "dense_1.bias", {0.5, -0.5});
  expect_near(network.forward(doubles({10, 100}, {1, 2, 1, 1}), kLayersInference), {210.5, 429.5});
}

TEST(ActivationLayer, GivesTheFunctionsTheirNamesPromise) {
  const Tensor x = doubles({-1, 0, 2}, {1, 3, 1, 1});
  const auto check = [&](model::Activation activation, const std::vector<double>& expected) {
    expect_near(output_of(model::ActivationSpec{activation}, x), expected, 1e-9);
  };
  const double e = std::exp(1.0);
  constexpr double kScale = 1.0507009873554805, kAlpha = 1.6732632423543772;  // Klambauer et al. 2017
  check(model::Activation::linear, {-1, 0, 2});
  check(model::Activation::relu, {0, 0, 2});
  check(model::Activation::selu, {kScale * kAlpha * (1 / e - 1), 0, kScale * 2});
  check(model::Activation::tanh, {-0.7615941559557649, 0, 0.9640275800758169});
  check(model::Activation::sigmoid, {1 / (1 + e), 0.5, e * e / (1 + e * e)});
  check(model::Activation::elu, {1 / e - 1, 0, 2});
  check(model::Activation::gelu,
        {-0.15865525393145707, 0, 2 * 0.9772498680518208});  // x times the normal's CDF
  check(model::Activation::swish, {-1 / (1 + e), 0, 2 * e * e / (1 + e * e)});
  check(model::Activation::softmax, {-1, 0, 2});  // Networks return logits.
}

TEST(DropoutLayer, IsAbsentInInference) {
  const Tensor x = counting(4, 4);
  EXPECT_TRUE(output_of(model::DropoutSpec{0.5}, x).equal(x));
}

TEST(DropoutLayer, KeysItsMaskByNameSeedStepAndRow) {
  const Tensor x = torch::ones({4, 1, 8, 8}, torch::kFloat64);
  const ForwardContext context{.training = true, .seed = 5, .step = 9, .first_row = 32};
  const kernels::DropoutKey place{5, core::stream_id("dropout:dropout_1"), 9, 32};
  EXPECT_TRUE(output_of(model::DropoutSpec{0.5}, x, context).equal(kernels::dropout(x, 0.5, place)));
  Network two = layers_network_of({model::DropoutSpec{0.5}, model::DropoutSpec{0.5}}, {1, 8, 8});
  // Two layers of one mask would keep a half with 4; two masks keep a quarter.
  const double kept = two.forward(x, context).ne(0).to(torch::kFloat64).mean().item().toDouble();
  EXPECT_NEAR(kept, 0.25, 0.14);  // Five standard deviations of 256 draws.
}

struct Statistics {
  std::vector<double> output, mean, variance;
};

/// One batch through a batch norm with momentum 0.99 and epsilon 1e-3.
Statistics normalise(const Tensor& input, BatchNormVariance variance, const ForwardContext& context,
                     bool trainable = true) {
  model::ModelSpec spec = spec_of({model::BatchNormSpec{}});
  spec.layers[0].trainable = trainable;
  // Batch norm also supports vectors; a plan starts with an image, so a reshape makes them.
  if (input.dim() == 2) {
    spec.layers.insert(spec.layers.begin(), {"", model::FlattenSpec{}});
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

TEST(BatchNormLayer, KeepsTheBiasedVarianceOfVectorsAsKeras) {
  const auto result = normalise(doubles({1, 3}, {2, 1}), BatchNormVariance::keras, kLayersTraining);
  expect_values(result.output, {-kNorm, kNorm});
  expect_values(result.mean, {0.02});
  expect_values(result.variance, {0.99 + 0.01 * 1.0});
}

TEST(BatchNormLayer, KeepsTheCorrectedVarianceOfVectorsAsPyTorch) {
  const auto result = normalise(doubles({1, 3}, {2, 1}), BatchNormVariance::torch, kLayersTraining);
  expect_values(result.output, {-kNorm, kNorm});
  expect_values(result.variance, {0.99 + 0.01 * 2.0});
}

TEST(BatchNormLayer, KeepsTheCorrectedVarianceOfImagesInBothSenses) {
  for (const auto variance : {BatchNormVariance::keras, BatchNormVariance::torch}) {
    const auto result = normalise(doubles({1, 3}, {1, 1, 1, 2}), variance, kLayersTraining);
    expect_values(result.output, {-kNorm, kNorm});
    expect_values(result.mean, {0.02});
    expect_values(result.variance, {0.99 + 0.01 * 2.0});
  }
}

TEST(BatchNormLayer, TakesASingleValueToHaveNoVariance) {
  for (const auto variance : {BatchNormVariance::keras, BatchNormVariance::torch}) {
    const auto vectors = normalise(doubles({5, 7}, {1, 2}), variance, kLayersTraining);
    expect_values(vectors.output, {0, 0});
    expect_values(vectors.mean, {0.05, 0.07});
    expect_values(vectors.variance, {0.99, 0.99});
    expect_values(normalise(doubles({5, 7}, {1, 2, 1, 1}), variance, kLayersTraining).variance, {0.99, 0.99});
  }
}

TEST(BatchNormLayer, UsesItsRunningStatisticsInInferenceAndWhenFrozen) {
  const Tensor x = doubles({1, 3}, {2, 1});
  for (const auto& result : {normalise(x, BatchNormVariance::keras, kLayersInference),
                             normalise(x, BatchNormVariance::keras, kLayersTraining, false)}) {
    expect_values(result.output, {kNorm, 3 * kNorm});
    expect_values(result.mean, {0});
    expect_values(result.variance, {1});
  }
}

TEST(BatchNormLayer, AppliesScaleAndShift) {
  Network network = layers_network_of({model::BatchNormSpec{.momentum = 0.5, .epsilon = 0.75}}, {1, 1, 2});
  set(network, "batch_norm_1.weight", {3});
  set(network, "batch_norm_1.bias", {10});
  set(network, "batch_norm_1.running_mean", {4});
  set(network, "batch_norm_1.running_var", {0.25});
  const Tensor x = doubles({1, 3}, {1, 1, 1, 2});
  // (x - 4) / sqrt(0.25 + 0.75) * 3 + 10
  expect_near(network.forward(x, kLayersInference), {1, 7});
  network.forward(x, kLayersTraining);
  expect_near(tensor_of(network, "batch_norm_1.running_mean"), {0.5 * 4 + 0.5 * 2});
  expect_near(tensor_of(network, "batch_norm_1.running_var"), {0.5 * 0.25 + 0.5 * 2});
}

TEST(BatchNormLayer, LeavesItsGradientsRight) {
  Network network = layers_network_of({model::FlattenSpec{}, model::BatchNormSpec{}}, {1, 1, 1});
  const Tensor x = doubles({1, 2, 6}, {3, 1, 1, 1}).requires_grad_(true);
  const Tensor upstream = doubles({1, -2, 4}, {3, 1});
  network.forward(x, kLayersTraining).backward(upstream);
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
