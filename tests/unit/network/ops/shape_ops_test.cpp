#include <gtest/gtest.h>

#include "unit/network/ops/one_op.h"

namespace svhn::network {
namespace {

using torch::Tensor;

TEST(Flatten, RunsChannelsFirstWhateverTheLayoutInMemory) {
  const Tensor x = torch::arange(24.0, torch::kFloat64).view({2, 3, 2, 2});
  const Tensor flat = x.view({2, 12}), channels_last = x.contiguous(at::MemoryFormat::ChannelsLast);
  EXPECT_TRUE(output_of(model::FlattenOp{}, x).equal(flat));
  EXPECT_TRUE(output_of(model::FlattenOp{}, channels_last).equal(flat));
  EXPECT_TRUE(output_of(model::ReshapeOp{{6, 2}}, channels_last).equal(x.view({2, 6, 2})));
}

TEST(Resize, InterpolatesBetweenPixelCentres) {
  // Centres of 4 pixels on a line of 2: -0.25, 0.25, 0.75, 1.25; outside of 0..1 the edge's value.
  expect_near(output_of(model::ResizeOp{1, 4}, doubles({0, 1}, {1, 1, 1, 2})), {0, 0.25, 0.75, 1});
}

TEST(ZeroPad2d, PutsZerosAroundAnImage) {
  expect_near(output_of(model::ZeroPad2dOp{.top = 1, .left = 2, .right = 1}, doubles({5, 6}, {1, 1, 1, 2})),
              {0, 0, 0, 0, 0, 0, 0, 5, 6, 0});
  OpCheck(model::ZeroPad2dOp{1, 2, 3, 4}, {{2, 3, 4}}).expect([](const Tensors& x, const Tensors&) {
    Tensor y = torch::zeros({2, 2, 6, 11}, torch::kFloat64);
    y.slice(2, 1, 4).slice(3, 3, 7).copy_(x[0]);
    return y;
  });
}

TEST(ZeroPad2d, TrimsEvenSidesAtTheStart) {
  const model::ZeroPad2dOp pad{1, 1, 1, 1, true};
  expect_near(output_of(pad, doubles({5, 6}, {1, 1, 2, 1})), {0, 5, 0, 0, 6, 0, 0, 0, 0});
}

TEST(Crop2d, RemovesRowsAndColumns) {
  const Tensor x = torch::arange(12.0, torch::kFloat64).view({1, 1, 3, 4});
  expect_near(output_of(model::Crop2dOp{.top = 1, .left = 2, .bottom = 1, .right = 1}, x), {6});
  OpCheck(model::Crop2dOp{.top = 1, .left = 2, .bottom = 0, .right = 1}, {{2, 4, 6}})
      .expect([](const Tensors& inputs, const Tensors&) {
        return inputs[0].slice(2, 1, 4).slice(3, 2, 5).contiguous();
      });
}

}  // namespace
}  // namespace svhn::network
