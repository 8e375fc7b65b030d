#pragma once
/// A convolution kernel compared with LibTorch's convolution in float64. N, C, H, W = batch, channels,
/// height, width; O, K = filters, kernel.

#include <gtest/gtest.h>
#include <torch/types.h>

#include <vector>

namespace svhn::kernels {

struct ConvolutionCase {
  std::vector<std::int64_t> image;
  std::int64_t filters = 32;
  std::int64_t kernel = 3;
  std::int64_t padding = 1;
  torch::ScalarType dtype = torch::kFloat32;
  bool bias = true;
  bool images_learn = false;  ///< Whether x needs a gradient, too.
};

struct ConvolutionOutcome {
  torch::Tensor y, dx, dweight, dbias;
};

/// @returns random numbers that bfloat16 represents exactly.
inline torch::Tensor draw_numbers(at::IntArrayRef shape) {
  return torch::randn(shape, torch::kFloat64).to(torch::kBFloat16).to(torch::kFloat64);
}

using Convolve = torch::Tensor (*)(const torch::Tensor& x, const torch::Tensor& weight,
                                   const torch::Tensor& bias, std::int64_t padding);

/// @param own the kernel, in the case's dtype; nullptr: LibTorch's in float64.
inline ConvolutionOutcome run_convolution(const ConvolutionCase& c, Convolve own) {
  torch::manual_seed(1);
  const auto type = own != nullptr ? torch::kFloat32 : torch::kFloat64;
  const torch::Tensor x =
      draw_numbers(c.image).to(own != nullptr ? c.dtype : torch::kFloat64).requires_grad_(c.images_learn);
  const torch::Tensor weight =
      draw_numbers({c.filters, c.image[1], c.kernel, c.kernel}).to(type).requires_grad_();
  const torch::Tensor bias = c.bias ? draw_numbers({c.filters}).to(type).requires_grad_() : torch::Tensor();
  const torch::Tensor y = own != nullptr ? own(x, weight, bias, c.padding)
                                         : at::conv2d(x, weight, bias, at::IntArrayRef{1, 1},
                                                      at::IntArrayRef{c.padding, c.padding});
  y.backward(draw_numbers(y.sizes()).to(y.scalar_type()));
  return {y.detach(), x.grad(), weight.grad(), c.bias ? bias.grad() : torch::Tensor()};
}

/// @param tolerance relative to the norm, since single numbers cancel.
inline void expect_near(const torch::Tensor& ours, const torch::Tensor& theirs, double tolerance) {
  ASSERT_EQ(ours.defined(), theirs.defined());
  if (!ours.defined()) return;
  ASSERT_EQ(ours.sizes(), theirs.sizes());
  const double error = (ours.to(torch::kFloat64) - theirs).norm().item().toDouble();
  EXPECT_LE(error, tolerance * theirs.norm().item().toDouble());
}

}  // namespace svhn::kernels
