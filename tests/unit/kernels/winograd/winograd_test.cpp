#include "kernels/winograd/winograd.h"

#include <ATen/Parallel.h>

#include "unit/kernels/convolution_case.h"

namespace svhn::kernels {
namespace {

using torch::Tensor;

ConvolutionOutcome run(const ConvolutionCase& c) {
  return run_convolution(c, winograd_convolution);
}

void compare(const ConvolutionCase& c) {
  const ConvolutionOutcome ours = run(c), theirs = run_convolution(c, nullptr);
  // bfloat16 rounds to 8 bits: the windows, the kernels, the result.
  const double tolerance = c.dtype == torch::kFloat32 ? 2e-6 : 0.006;
  expect_near(ours.y, theirs.y, tolerance);
  expect_near(ours.dx, theirs.dx, tolerance);
  expect_near(ours.dweight, theirs.dweight, tolerance);
  expect_near(ours.dbias, theirs.dbias, 2e-6);
}

void compare_both(ConvolutionCase c) {
  c.images_learn = true;
  compare(c);
  c.dtype = torch::kBFloat16;
  if (winograd_supports(torch::ones({1, 32, 8, 8}, c.dtype), torch::ones({32, 32, 3, 3}))) compare(c);
}

TEST(Winograd, EqualsLibtorchs) {
  compare_both({.image = {3, 32, 8, 12}});
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
  const Tensor x = draw_numbers({2, 16, 8, 8}).to(torch::kFloat32),
               weight = draw_numbers({16, 16, 3, 3}).to(torch::kFloat32);
  const auto last = at::MemoryFormat::ChannelsLast;
  const Tensor other = winograd_convolution(x.contiguous(last), weight.contiguous(last), {}, 1);
  EXPECT_TRUE(winograd_convolution(x, weight, {}, 1).equal(other));
}

TEST(Winograd, GivesTheSameBitsAgain) {
  const ConvolutionCase c{.image = {64, 32, 16, 16}, .images_learn = true};
  const ConvolutionOutcome one = run(c), two = run(c);
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
  EXPECT_TRUE(winograd_supports(torch::ones({2, 32, 8, 8}), weight));
  EXPECT_FALSE(winograd_supports(torch::ones({0, 32, 8, 8}), weight));
  EXPECT_FALSE(winograd_supports(torch::ones({2, 32, 8, 8}, torch::kFloat64), weight));
  EXPECT_FALSE(winograd_supports(torch::ones({2, 32, 8, 8}), torch::ones({32, 32, 5, 5})));
  EXPECT_FALSE(winograd_supports(torch::ones({2, 40, 8, 8}), torch::ones({32, 40, 3, 3})));
  EXPECT_FALSE(winograd_supports(torch::ones({2, 16, 8, 8}), torch::ones({32, 16, 3, 3})));
  EXPECT_FALSE(winograd_supports(torch::ones({2, 256, 8, 8}), torch::ones({256, 256, 3, 3})));
}

}  // namespace
}  // namespace svhn::kernels
