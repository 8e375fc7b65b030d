// Batch norms are tested as parts of networks, in tests/unit/network/batch_norm_test.cpp.
#include <gtest/gtest.h>

#include <cmath>

#include "unit/network/ops/one_op.h"

namespace svhn::network {
namespace {

using torch::Tensor;

TEST(LayerNorm, NormalisesEachPixelOverItsChannels) {
  // One pixel 1, 3 and one 2, 2 of two channels: means 2 and 2, variances 1 and 0.
  OneOp one(model::LayerNormOp{.epsilon = 0.25}, {{2, 1, 2}});
  one.set(0, {10, 100});
  one.set(1, {1, 2});
  const double s = 1.0 / std::sqrt(1.25);
  expect_near(one.run({doubles({1, 2, 3, 2}, {1, 2, 1, 2})}), {-10 * s + 1, 1, 100 * s + 2, 2});
}

TEST(LayerNorm, NormalisesVectorsOverTheirFeatures) {
  OneOp one(model::LayerNormOp{.epsilon = 0.25}, {{2}});
  one.set(0, {1, 1});
  const double s = 1.0 / std::sqrt(1.25);
  expect_near(one.run({doubles({1, 3, 7, 7}, {2, 2})}), {-s, s, 0, 0});
}

// Ba, Kiros and Hinton 2016, with the biased variance, as Keras and PyTorch.
TEST(LayerNorm, HasGradientsInEveryType) {
  const auto reference = [](const Tensors& x, const Tensors& w) {
    std::vector<std::int64_t> shape(static_cast<std::size_t>(x[0].dim()), 1);
    shape[1] = -1;
    const Tensor centred = x[0] - x[0].mean({1}, true);
    const Tensor deviation = (centred * centred).mean({1}, true).add(1e-3).sqrt();
    return centred / deviation * w[0].view(shape) + w[1].view(shape);
  };
  OpCheck(model::LayerNormOp{}, {{5, 3, 4}}).expect(reference, 0.03);
  OpCheck(model::LayerNormOp{}, {{6}}).expect(reference, 0.03);
}

TEST(Rescale, MultipliesThenAdds) {
  expect_near(output_of(model::RescaleOp{2.0, -1.0}, doubles({0.25, 3}, {1, 2})), {-0.5, 5});
  OpCheck(model::RescaleOp{1.0 / 127.5, -1.0}, {{3, 4, 5}}).expect([](const Tensors& x, const Tensors&) {
    return x[0] / 127.5 - 1.0;
  });
}

TEST(Normalize, SubtractsAndDividesPerChannel) {
  expect_near(output_of(model::NormalizeOp{{1, 2}, {2, 4}}, doubles({3, 5, 10, 2}, {1, 2, 1, 2})),
              {1, 2, 2, 0});
  expect_near(output_of(model::NormalizeOp{{1}, {2, 4}}, doubles({3, 5}, {1, 2})), {1, 1});
  expect_near(output_of(model::NormalizeOp{{1}, {2}}, doubles({3, 5}, {1, 2, 1, 1})), {1, 2});
  OpCheck(model::NormalizeOp{{0.25, -0.5, 1}, {0.5}}, {{3, 4, 5}})
      .expect([](const Tensors& x, const Tensors&) {
        return (x[0] - doubles({0.25, -0.5, 1}, {1, 3, 1, 1})) * 2.0;
      });
}

}  // namespace
}  // namespace svhn::network
