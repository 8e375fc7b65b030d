#include <gtest/gtest.h>

#include <cmath>

#include "core/random.h"
#include "kernels/dropout.h"
#include "unit/network/ops/one_op.h"

namespace svhn::network {
namespace {

using model::Activation;
using model::ActivationOp;
using torch::Tensor;

TEST(Activations, GiveTheFunctionsTheirNamesPromise) {
  const Tensor x = doubles({-1, 0, 2}, {1, 3, 1, 1});
  const auto check = [&](Activation activation, const std::vector<double>& expected) {
    expect_near(output_of(ActivationOp{activation}, x), expected, 1e-9);
  };
  const double e = std::exp(1.0);
  constexpr double kScale = 1.0507009873554805, kAlpha = 1.6732632423543772;  // Klambauer et al. 2017
  check(Activation::linear, {-1, 0, 2});
  check(Activation::relu, {0, 0, 2});
  check(Activation::selu, {kScale * kAlpha * (1 / e - 1), 0, kScale * 2});
  check(Activation::tanh, {-0.7615941559557649, 0, 0.9640275800758169});
  check(Activation::sigmoid, {1 / (1 + e), 0.5, e * e / (1 + e * e)});
  check(Activation::elu, {1 / e - 1, 0, 2});
  check(Activation::gelu, {-0.15865525393145707, 0, 2 * 0.9772498680518208});  // x times the normal's CDF
  check(Activation::swish, {-1 / (1 + e), 0, 2 * e * e / (1 + e * e)});
  check(Activation::softmax, {-1, 0, 2});  // Networks return logits.
}

// Formulas of torch.nn and Keras 3, in float64.
TEST(Activations, GiveWhatKeras3AndPyTorchGive) {
  const std::vector<double> numbers{-7, -3, -1.5, -0.5, 0, 0.5, 2, 3, 5.5, 6, 8};
  const auto check = [&](Activation activation, const std::function<double(double)>& formula) {
    std::vector<double> expected;
    for (const double x : numbers) expected.push_back(formula(x));
    expect_near(output_of(ActivationOp{activation}, doubles(numbers, {1, 11, 1, 1})), expected, 1e-12);
  };
  const auto softplus = [](double x) { return std::log1p(std::exp(x)); };
  const auto gate = [](double x) { return std::min(std::max(x + 3.0, 0.0), 6.0) / 6.0; };
  check(Activation::relu6, [](double x) { return std::min(std::max(x, 0.0), 6.0); });
  check(Activation::softplus, softplus);
  check(Activation::softsign, [](double x) { return x / (1.0 + std::abs(x)); });
  check(Activation::hard_sigmoid, gate);
  check(Activation::hard_swish, [&](double x) { return x * gate(x); });
  check(Activation::mish, [&](double x) { return x * std::tanh(softplus(x)); });
}

TEST(Activations, HaveGradientsInEveryType) {
  const std::vector<std::pair<Activation, Reference>> all{
      {Activation::relu6, [](const Tensors& x, const Tensors&) { return x[0].clamp(0.0, 6.0); }},
      {Activation::softplus, [](const Tensors& x, const Tensors&) { return at::log(at::exp(x[0]) + 1.0); }},
      {Activation::softsign, [](const Tensors& x, const Tensors&) { return x[0] / (x[0].abs() + 1.0); }},
      {Activation::hard_sigmoid,
       [](const Tensors& x, const Tensors&) { return (x[0] / 6.0 + 0.5).clamp(0.0, 1.0); }},
      {Activation::hard_swish,
       [](const Tensors& x, const Tensors&) { return x[0] * (x[0] / 6.0 + 0.5).clamp(0.0, 1.0); }},
      {Activation::mish,
       [](const Tensors& x, const Tensors&) { return x[0] * at::tanh(at::log(at::exp(x[0]) + 1.0)); }}};
  for (const auto& [activation, reference] : all) {
    SCOPED_TRACE(model::activation_name(activation));
    OpCheck(ActivationOp{activation}, {{3, 4, 5}}).expect(reference);
    OpCheck(ActivationOp{activation}, {{7}}).expect(reference);
  }
}

TEST(LeakyRelu, KeepsAShareOfNegativeNumbers) {
  expect_near(output_of(model::LeakyReluOp{0.25}, doubles({-2, 0, 3}, {1, 3})), {-0.5, 0, 3});
  OpCheck(model::LeakyReluOp{0.1}, {{3, 4, 5}}).expect([](const Tensors& x, const Tensors&) {
    return at::maximum(x[0], x[0] * 0.1);
  });
}

TEST(Prelu, HasASlopePerChannelOrPerElement) {
  OneOp channels(model::PreluOp{}, {{2, 1, 2}});
  channels.set(0, {0.5, 2});
  expect_near(channels.run({doubles({-2, 4, -3, -1}, {1, 2, 1, 2})}), {-1, 4, -6, -2});
  OneOp elements(model::PreluOp{.per_channel = false}, {{2, 1, 2}});
  elements.set(0, {0.5, 7, 2, 3});
  expect_near(elements.run({doubles({-2, 4, -3, -1}, {1, 2, 1, 2})}), {-1, 4, -6, -3});
  const auto reference = [](const Tensors& x, const Tensors& w) {
    std::vector<std::int64_t> shape(static_cast<std::size_t>(x[0].dim()), 1);
    shape[1] = -1;
    const Tensor slope = w[0].dim() == x[0].dim() - 1 ? w[0].unsqueeze(0) : w[0].view(shape);
    return x[0].clamp_min(0.0) + slope * x[0].clamp_max(0.0);
  };
  OpCheck(model::PreluOp{}, {{3, 4, 5}}).expect(reference);
  OpCheck(model::PreluOp{}, {{6}}).expect(reference);
  OpCheck(model::PreluOp{.per_channel = false}, {{3, 4, 5}}).expect(reference);
}

TEST(Prelu, StartsAsARelu) {
  expect_near(output_of(model::PreluOp{}, doubles({-2, 3}, {1, 2})), {0, 3});
}

TEST(Dropout, IsAbsentInInference) {
  const Tensor x = wave({1, 1, 4, 4});
  EXPECT_TRUE(output_of(model::DropoutOp{0.5}, x).equal(x));
}

TEST(Dropout, KeysItsMaskByNameSeedStepAndRow) {
  const Tensor x = torch::ones({4, 1, 8, 8}, torch::kFloat64);
  const ForwardContext context{.training = true, .seed = 5, .step = 9, .first_row = 32};
  OneOp one(model::DropoutOp{0.5}, {{1, 8, 8}});
  one.state().name = "dropout_1";
  const kernels::DropoutKey place{5, core::stream_id("dropout:dropout_1"), 9, 32};
  const Tensor y = one.run({x}, context);
  EXPECT_TRUE(y.equal(kernels::dropout(x, 0.5, place)));
  OneOp other(model::DropoutOp{0.5}, {{1, 8, 8}});
  other.state().name = "dropout_2";
  // Two layers of one mask would keep a half with 4; two masks keep a quarter.
  const double kept = other.run({y}, context).ne(0).to(torch::kFloat64).mean().item().toDouble();
  EXPECT_NEAR(kept, 0.25, 0.14);  // Five standard deviations of 256 draws.
}

}  // namespace
}  // namespace svhn::network
