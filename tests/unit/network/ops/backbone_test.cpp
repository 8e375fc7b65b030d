// keras.applications' preprocess_input and torchvision's Normalize, written out.
#include <gtest/gtest.h>

#include "unit/network/ops/one_op.h"

namespace svhn::network {
namespace {

using torch::Tensor;

TEST(ImagenetInput, BringsImagesToWhatTheWeightsExpect) {
  const Tensor x = wave({2, 3, 4, 5}) * 0.5 + 0.5;
  const auto input = [&](model::BackboneInput kind) { return output_of(model::ImagenetInputOp{kind}, x); };
  const auto expect_same = [](const Tensor& actual, const Tensor& expected) {
    EXPECT_LE(relative_difference(actual, expected), 1e-13);
  };
  EXPECT_TRUE(input(model::BackboneInput::none).equal(x));
  expect_same(input(model::BackboneInput::tf), x * 255.0 / 127.5 - 1.0);
  const Tensor bgr = at::stack({x.select(1, 2), x.select(1, 1), x.select(1, 0)}, 1) * 255.0;
  expect_same(input(model::BackboneInput::caffe), bgr - doubles({103.939, 116.779, 123.68}, {1, 3, 1, 1}));
  expect_same(input(model::BackboneInput::torch), (x - doubles({0.485, 0.456, 0.406}, {1, 3, 1, 1})) /
                                                      doubles({0.229, 0.224, 0.225}, {1, 3, 1, 1}));
}

}  // namespace
}  // namespace svhn::network
