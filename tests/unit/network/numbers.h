#pragma once
/// Tensors of given numbers, and comparisons with them.

#include <gtest/gtest.h>
#include <torch/types.h>

#include <vector>

namespace svhn::network {

inline torch::Tensor doubles(const std::vector<double>& values, at::IntArrayRef shape) {
  return torch::tensor(values, torch::kFloat64).view(shape);
}

inline std::vector<double> to_vector(const torch::Tensor& tensor) {
  const torch::Tensor flat = tensor.detach().to(torch::kCPU, torch::kFloat64).contiguous();
  const auto* data = static_cast<const double*>(flat.data_ptr());
  return {data, data + flat.numel()};
}

inline void expect_near(const torch::Tensor& actual, const std::vector<double>& expected,
                        double tolerance = 1e-12) {
  const auto values = to_vector(actual);
  ASSERT_EQ(values.size(), expected.size());
  for (std::size_t i = 0; i < values.size(); ++i)
    EXPECT_NEAR(values[i], expected[i], tolerance) << "[" << i << "]";
}

/// @returns deterministic numbers between -1 and 1, different for each `phase`.
inline torch::Tensor wave(at::IntArrayRef shape, double phase = 0.0) {
  std::int64_t count = 1;
  for (const std::int64_t size : shape) count *= size;
  return torch::arange(static_cast<double>(count), torch::kFloat64).mul(0.7).add(phase).sin().view(shape);
}

/// @returns the largest difference, in parts of the largest number of `expected`.
inline double relative_difference(const torch::Tensor& actual, const torch::Tensor& expected) {
  const torch::Tensor exact = expected.detach().to(torch::kFloat64);
  const torch::Tensor difference = (actual.detach().to(torch::kFloat64) - exact).abs().max();
  return (difference / exact.abs().max().clamp_min(1e-30)).item().toDouble();
}

}  // namespace svhn::network
