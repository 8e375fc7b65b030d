#include <gtest/gtest.h>

#include "unit/network/ops/one_op.h"

namespace svhn::network {
namespace {

TEST(Dense, MultipliesRowsOfItsWeight) {
  OneOp one(model::DenseOp{.units = 2}, {{2}});
  one.set(0, {1, 2, 3, 4});
  one.set(1, {0.5, -0.5});
  expect_near(one.run({doubles({10, 100}, {1, 2})}), {210.5, 429.5});
}

TEST(Dense, HasGradientsInEveryType) {
  OpCheck(model::DenseOp{.units = 4, .activation = model::Activation::tanh, .use_bias = false}, {{6}})
      .expect([](const Tensors& x, const Tensors& w) {
        return at::tanh((x[0].unsqueeze(1) * w[0].unsqueeze(0)).sum(2));
      });
}

}  // namespace
}  // namespace svhn::network
