#include <gtest/gtest.h>

#include "unit/network/ops/one_op.h"

namespace svhn::network {
namespace {

using model::Activation;
using model::AddOp;
using model::ConcatOp;
using torch::Tensor;

TEST(Add, SumsItsInputsAndAppliesItsActivation) {
  const Tensors inputs{doubles({1, -5}, {1, 2}), doubles({10, 2}, {1, 2}), doubles({100, -1}, {1, 2})};
  expect_near(OneOp(AddOp{}, {{2}, {2}, {2}}).run(inputs), {111, -4});
  expect_near(OneOp(AddOp{Activation::relu}, {{2}, {2}, {2}}).run(inputs), {111, 0});
  expect_near(OneOp(AddOp{Activation::relu6}, {{2}, {2}}).run({inputs[0], inputs[1]}), {6, 0});
}

TEST(Add, ScalesItsSecondInputInBackbones) {
  const Tensors inputs{doubles({1, 5}, {1, 2}), doubles({10, -20}, {1, 2})};
  expect_near(OneOp(AddOp{Activation::linear, 0.5}, {{2}, {2}}).run(inputs), {6, -5});
  expect_near(OneOp(AddOp{Activation::relu, 0.5}, {{2}, {2}}).run(inputs), {6, 0});
}

/// Formulas of the activations on the plain sum.
Tensor activated(const Tensor& sum, Activation activation) {
  switch (activation) {
    case Activation::relu:
      return sum.clamp_min(0.0);
    case Activation::elu:
      return at::where(sum > 0.0, sum, at::exp(sum) - 1.0);
    case Activation::selu:
      return 1.0507009873554805 * at::where(sum > 0.0, sum, 1.6732632423543772 * (at::exp(sum) - 1.0));
    case Activation::gelu:
      return 0.5 * sum * (1.0 + at::erf(sum / std::sqrt(2.0)));
    case Activation::hard_swish:
      return sum * (sum / 6.0 + 0.5).clamp(0.0, 1.0);
    default:
      return sum;
  }
}

TEST(Add, HasGradientsInEveryType) {
  for (const Activation activation : {Activation::linear, Activation::relu, Activation::elu, Activation::selu,
                                      Activation::gelu, Activation::hard_swish}) {
    SCOPED_TRACE(model::activation_name(activation));
    const auto two = [&](const Tensors& x, const Tensors&) { return activated(x[0] + x[1], activation); };
    const auto three = [&](const Tensors& x, const Tensors&) {
      return activated(x[0] + x[1] + x[2], activation);
    };
    OpCheck(AddOp{activation}, {{3, 4, 5}, {3, 4, 5}}).expect(two);
    OpCheck(AddOp{activation}, {{3, 4, 5}, {3, 4, 5}, {3, 4, 5}}).expect(three);
    OpCheck(AddOp{activation}, {{7}, {7}, {7}}).expect(three);
  }
}

TEST(Add, TakesOneTensorTwice) {
  const Tensor x = wave({2, 3, 4, 4}).set_requires_grad(true);
  OneOp one(AddOp{Activation::relu}, {{3, 4, 4}, {3, 4, 4}});
  const Tensor y = one.run({x, x});
  EXPECT_TRUE(y.detach().equal((x.detach() * 2.0).clamp_min(0.0)));
  y.sum().backward();
  EXPECT_TRUE(x.grad().equal((x.detach() > 0.0).to(torch::kFloat64) * 2.0));
}

TEST(Concat, JoinsChannelsInTheOrderOfItsInputs) {
  expect_near(OneOp(ConcatOp{}, {{1}, {2}}).run({doubles({1, 2}, {2, 1}), doubles({3, 4, 5, 6}, {2, 2})}),
              {1, 3, 4, 2, 5, 6});
  OpCheck(ConcatOp{}, {{3, 4, 5}, {1, 4, 5}, {2, 4, 5}}).expect([](const Tensors& x, const Tensors&) {
    Tensor y = torch::zeros({2, 6, 4, 5}, torch::kFloat64);
    y.slice(1, 0, 3).copy_(x[0]);
    y.slice(1, 3, 4).copy_(x[1]);
    y.slice(1, 4, 6).copy_(x[2]);
    return y;
  });
}

}  // namespace
}  // namespace svhn::network
