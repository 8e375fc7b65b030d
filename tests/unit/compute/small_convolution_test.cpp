// Against LibTorch's convolution in float64. N, C, H, W = batch, channels, height, width; O, K = filters,
// kernel.
#include "svhn/compute/small_convolution.h"

#include <ATen/Parallel.h>
#include <gtest/gtest.h>

namespace svhn::compute {
namespace {

using torch::Tensor;

struct Case {
  std::vector<std::int64_t> image{3, 1, 9, 11};
  std::int64_t filters = 32;
  std::int64_t kernel = 3;
  std::int64_t padding = 1;
  torch::ScalarType dtype = torch::kFloat32;
  bool bias = true;
};

struct Outcome {
  Tensor y, dweight, dbias;
};

Tensor draw(at::IntArrayRef shape) {
  return torch::randn(shape, torch::kFloat64).to(torch::kBFloat16).to(torch::kFloat64);
}

/// @param own whether the tested function runs, in the case's type; else LibTorch's in float64.
Outcome run(const Case& c, bool own) {
  torch::manual_seed(1);
  const auto type = own ? torch::kFloat32 : torch::kFloat64;
  const Tensor x = draw(c.image).to(own ? c.dtype : torch::kFloat64);
  const Tensor weight = draw({c.filters, c.image[1], c.kernel, c.kernel}).to(type).requires_grad_();
  const Tensor bias = c.bias ? draw({c.filters}).to(type).requires_grad_() : Tensor();
  const Tensor y =
      own ? small_convolution(x, weight, bias, c.padding)
          : at::conv2d(x, weight, bias, at::IntArrayRef{1, 1}, at::IntArrayRef{c.padding, c.padding});
  const Tensor seed = draw(y.sizes()).to(y.scalar_type());
  y.backward(seed);
  return {y.detach(), weight.grad(), c.bias ? bias.grad() : Tensor()};
}

void expect_close(const Tensor& ours, const Tensor& theirs, double tolerance) {
  ASSERT_EQ(ours.sizes(), theirs.sizes());
  const double largest = theirs.abs().max().item().toDouble();
  EXPECT_LE((ours.to(torch::kFloat64) - theirs).abs().max().item().toDouble(), tolerance * largest);
}

void compare(const Case& c) {
  const Outcome ours = run(c, true), theirs = run(c, false);
  // bfloat16 rounds the output to 8 bits; the sums themselves are in float32.
  expect_close(ours.y, theirs.y, c.dtype == torch::kFloat32 ? 1e-6 : 0.004);
  expect_close(ours.dweight, theirs.dweight, 1e-5);
  if (c.bias) expect_close(ours.dbias, theirs.dbias, 1e-5);
}

TEST(SmallConvolution, EqualsLibtorchs) {
  compare({});
  compare({.dtype = torch::kBFloat16});
  compare({.image = {2, 3, 8, 8}, .filters = 20, .kernel = 5, .padding = 2});
  compare({.image = {2, 4, 7, 6}, .filters = 5, .kernel = 2, .padding = 0, .bias = false});
  compare({.image = {5, 2, 1, 1}, .filters = 1, .kernel = 1, .padding = 0});
}

TEST(SmallConvolution, ReadsAnyMemoryFormat) {
  const Tensor x = draw({2, 3, 8, 8}).to(torch::kFloat32), weight = draw({4, 3, 3, 3}).to(torch::kFloat32);
  const Tensor other = small_convolution(x.contiguous(at::MemoryFormat::ChannelsLast), weight, {}, 1);
  EXPECT_TRUE(small_convolution(x, weight, {}, 1).equal(other));
}

TEST(SmallConvolution, DoesNotDependOnTheThreads) {
  const Case c{.image = {16, 1, 32, 32}};
  const int before = at::get_num_threads();
  at::set_num_threads(1);
  const Outcome one = run(c, true);
  at::set_num_threads(3);
  const Outcome three = run(c, true);
  at::set_num_threads(before);
  EXPECT_TRUE(one.y.equal(three.y));
  EXPECT_TRUE(one.dweight.equal(three.dweight));
}

TEST(SmallConvolution, LeavesOthersAlone) {
  const Tensor weight = torch::ones({8, 1, 3, 3});
  EXPECT_TRUE(small_convolution_takes(torch::ones({2, 1, 8, 8}), weight));
  EXPECT_FALSE(small_convolution_takes(torch::ones({2, 1, 8, 8}).requires_grad_(), weight));
  EXPECT_FALSE(small_convolution_takes(torch::ones({2, 1, 8, 8}, torch::kFloat64), weight));
  EXPECT_FALSE(small_convolution_takes(torch::ones({2, 32, 8, 8}), torch::ones({8, 32, 3, 3})));
}

}  // namespace
}  // namespace svhn::compute
