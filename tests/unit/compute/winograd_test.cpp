// Against LibTorch's convolution in float64. N, C, H, W = batch, channels, height, width; O = filters.
#include "svhn/compute/winograd.h"

#include <ATen/Parallel.h>
#include <gtest/gtest.h>

namespace svhn::compute {
namespace {

using torch::Tensor;

struct Case {
  std::vector<std::int64_t> image{3, 32, 8, 12};
  std::int64_t filters = 32;
  std::int64_t padding = 1;
  torch::ScalarType dtype = torch::kFloat32;
  bool bias = true;
};

struct Outcome {
  Tensor y, dx, dweight, dbias;
};

/// Numbers that bfloat16 holds exactly.
Tensor draw(at::IntArrayRef shape) {
  return torch::randn(shape, torch::kFloat64).to(torch::kBFloat16).to(torch::kFloat64);
}

/// @param own whether the tested function runs, in the case's type; else LibTorch's in float64.
Outcome run(const Case& c, bool own) {
  torch::manual_seed(1);
  const auto type = own ? torch::kFloat32 : torch::kFloat64;
  const Tensor x = draw(c.image).to(own ? c.dtype : torch::kFloat64).requires_grad_();
  const Tensor weight = draw({c.filters, c.image[1], 3, 3}).to(type).requires_grad_();
  const Tensor bias = c.bias ? draw({c.filters}).to(type).requires_grad_() : Tensor();
  const Tensor y =
      own ? winograd_convolution(x, weight, bias, c.padding)
          : at::conv2d(x, weight, bias, at::IntArrayRef{1, 1}, at::IntArrayRef{c.padding, c.padding});
  y.backward(draw(y.sizes()).to(y.scalar_type()));
  return {y.detach(), x.grad(), weight.grad(), c.bias ? bias.grad() : Tensor()};
}

/// Compares norms: single numbers cancel.
void expect_close(const Tensor& ours, const Tensor& theirs, double tolerance) {
  ASSERT_EQ(ours.sizes(), theirs.sizes());
  const double error = (ours.to(torch::kFloat64) - theirs).norm().item().toDouble();
  EXPECT_LE(error, tolerance * theirs.norm().item().toDouble());
}

void compare(const Case& c) {
  const Outcome ours = run(c, true), theirs = run(c, false);
  // bfloat16 rounds to 8 bits: the windows, the kernels, the result.
  const double tolerance = c.dtype == torch::kFloat32 ? 2e-6 : 0.006;
  expect_close(ours.y, theirs.y, tolerance);
  expect_close(ours.dx, theirs.dx, tolerance);
  expect_close(ours.dweight, theirs.dweight, tolerance);
  if (c.bias) expect_close(ours.dbias, theirs.dbias, 2e-6);
}

void compare_both(Case c) {
  compare(c);
  c.dtype = torch::kBFloat16;
  if (winograd_takes(torch::ones({1, 32, 8, 8}, c.dtype), torch::ones({32, 32, 3, 3}))) compare(c);
}

TEST(Winograd, EqualsLibtorchs) {
  compare_both({});
  compare_both({.image = {2, 64, 16, 16}, .filters = 128, .bias = false});
  compare_both({.image = {70, 32, 8, 8}, .filters = 64});  // Several blocks of tiles.
}

TEST(Winograd, CutsAnySize) {
  compare_both({.image = {3, 16, 7, 5}, .filters = 48});
  compare_both({.image = {2, 48, 9, 14}, .filters = 16, .padding = 0});
  compare_both({.image = {1, 16, 3, 3}, .filters = 16, .padding = 0});
  compare_both({.image = {2, 16, 6, 11}, .filters = 32, .padding = 2});
}

TEST(Winograd, ReadsAnyMemoryFormat) {
  const Tensor x = draw({2, 16, 8, 8}).to(torch::kFloat32), weight = draw({16, 16, 3, 3}).to(torch::kFloat32);
  const auto last = at::MemoryFormat::ChannelsLast;
  const Tensor other = winograd_convolution(x.contiguous(last), weight.contiguous(last), {}, 1);
  EXPECT_TRUE(winograd_convolution(x, weight, {}, 1).equal(other));
}

TEST(Winograd, GivesTheSameBitsAgain) {
  const Case c{.image = {64, 32, 16, 16}};
  const Outcome one = run(c, true), two = run(c, true);
  EXPECT_TRUE(one.y.equal(two.y) && one.dx.equal(two.dx));
  EXPECT_TRUE(one.dweight.equal(two.dweight) && one.dbias.equal(two.dbias));
}

TEST(Winograd, KeepsWhatIsNotANumber) {
  Tensor x = torch::ones({1, 16, 8, 8});
  x[0][3][4][4] = std::numeric_limits<float>::quiet_NaN();
  const Tensor y = winograd_convolution(x, torch::ones({16, 16, 3, 3}), {}, 1);
  EXPECT_TRUE(y.isnan().any().item().toBool());
}

TEST(Winograd, MakesOnlyGradientsThatAreWanted) {
  const Tensor x = torch::ones({1, 16, 8, 8}).requires_grad_(), weight = torch::ones({16, 16, 3, 3});
  winograd_convolution(x, weight, {}, 1).sum().backward();
  EXPECT_EQ(x.grad()[0][0][4][4].item().toFloat(), 144.0F);
  EXPECT_FALSE(weight.grad().defined());
}

TEST(Winograd, LeavesOthersAlone) {
  const Tensor weight = torch::ones({32, 32, 3, 3});
  EXPECT_TRUE(winograd_takes(torch::ones({2, 32, 8, 8}), weight));
  EXPECT_FALSE(winograd_takes(torch::ones({0, 32, 8, 8}), weight));
  EXPECT_FALSE(winograd_takes(torch::ones({2, 32, 8, 8}, torch::kFloat64), weight));
  EXPECT_FALSE(winograd_takes(torch::ones({2, 32, 8, 8}), torch::ones({32, 32, 5, 5})));
  EXPECT_FALSE(winograd_takes(torch::ones({2, 40, 8, 8}), torch::ones({32, 40, 3, 3})));
  EXPECT_FALSE(winograd_takes(torch::ones({2, 16, 8, 8}), torch::ones({32, 16, 3, 3})));
  EXPECT_FALSE(winograd_takes(torch::ones({2, 256, 8, 8}), torch::ones({256, 256, 3, 3})));
}

}  // namespace
}  // namespace svhn::compute
