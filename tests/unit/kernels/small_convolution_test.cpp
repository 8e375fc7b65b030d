#include "kernels/small_convolution.h"

#include <ATen/Parallel.h>

#include "unit/kernels/convolution_case.h"

namespace svhn::kernels {
namespace {

using torch::Tensor;

ConvolutionOutcome run(const ConvolutionCase& c) {
  return run_convolution(c, small_convolution);
}

void small_convolution_compare(const ConvolutionCase& c) {
  const ConvolutionOutcome ours = run(c), theirs = run_convolution(c, nullptr);
  // bfloat16 rounds the output to 8 bits; the sums themselves are in float32.
  expect_near(ours.y, theirs.y, c.dtype == torch::kFloat32 ? 1e-6 : 0.004);
  expect_near(ours.dweight, theirs.dweight, 1e-6);
  expect_near(ours.dbias, theirs.dbias, 1e-6);
}

TEST(SmallConvolution, EqualsLibtorchs) {
  small_convolution_compare({.image = {3, 1, 9, 11}});
  small_convolution_compare({.image = {3, 1, 9, 11}, .dtype = torch::kBFloat16});
  small_convolution_compare({.image = {2, 3, 8, 8}, .filters = 20, .kernel = 5, .padding = 2});
  small_convolution_compare({.image = {2, 4, 7, 6}, .filters = 5, .kernel = 2, .padding = 0, .bias = false});
  small_convolution_compare({.image = {5, 2, 1, 1}, .filters = 1, .kernel = 1, .padding = 0});
}

TEST(SmallConvolution, ReadsAnyMemoryFormat) {
  const Tensor x = draw_numbers({2, 3, 8, 8}).to(torch::kFloat32),
               weight = draw_numbers({4, 3, 3, 3}).to(torch::kFloat32);
  const Tensor other = small_convolution(x.contiguous(at::MemoryFormat::ChannelsLast), weight, {}, 1);
  EXPECT_TRUE(small_convolution(x, weight, {}, 1).equal(other));
}

TEST(SmallConvolution, DoesNotDependOnTheThreads) {
  const ConvolutionCase c{.image = {16, 1, 32, 32}};
  const int before = at::get_num_threads();
  at::set_num_threads(1);
  const ConvolutionOutcome one = run(c);
  at::set_num_threads(3);
  const ConvolutionOutcome three = run(c);
  at::set_num_threads(before);
  EXPECT_TRUE(one.y.equal(three.y));
  EXPECT_TRUE(one.dweight.equal(three.dweight));
}

TEST(SmallConvolution, LeavesOthersAlone) {
  const Tensor weight = torch::ones({8, 1, 3, 3});
  EXPECT_TRUE(small_convolution_supports(torch::ones({2, 1, 8, 8}), weight));
  EXPECT_FALSE(small_convolution_supports(torch::ones({2, 1, 8, 8}).requires_grad_(), weight));
  EXPECT_FALSE(small_convolution_supports(torch::ones({2, 1, 8, 8}, torch::kFloat64), weight));
  EXPECT_FALSE(small_convolution_supports(torch::ones({2, 32, 8, 8}), torch::ones({8, 32, 3, 3})));
}

}  // namespace
}  // namespace svhn::kernels
