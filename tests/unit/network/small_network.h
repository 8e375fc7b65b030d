#pragma once
/// Networks of a few layers for tests. N = batch, C, H, W, F.

#include <gtest/gtest.h>
#include <torch/types.h>

#include <string>
#include <utility>
#include <vector>

#include "network/network.h"

namespace svhn::network {

inline model::ModelSpec spec_of(std::vector<model::LayerKind> kinds) {
  model::ModelSpec spec;
  for (auto& kind : kinds) spec.layers.push_back({"", std::move(kind)});
  return spec;
}

/// @returns a plan whose last layer may have any number of outputs.
inline model::NetworkPlan any_plan(std::vector<model::LayerKind> kinds, const model::Shape& input) {
  return model::plan_network(spec_of(std::move(kinds)), input, {.outputs = 0});
}

inline torch::Tensor tensor_of(const Network& network, const std::string& name) {
  for (const auto& item : network.tensors()) {
    if (item.name == name) return item.tensor;
  }
  ADD_FAILURE() << "no tensor " << name;
  return {};
}

/// Fills a tensor with values in row-major order.
inline void set(const Network& network, const std::string& name, const std::vector<double>& values) {
  const torch::NoGradGuard no_grad;
  const torch::Tensor target = tensor_of(network, name);
  target.copy_(torch::tensor(values, torch::kFloat64).view(target.sizes()));
}

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

}  // namespace svhn::network
