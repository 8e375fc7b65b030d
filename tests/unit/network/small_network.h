#pragma once
/// Networks of a few layers for tests. N = batch, C, H, W, F.

#include <gtest/gtest.h>
#include <torch/types.h>

#include <string>
#include <utility>
#include <vector>

#include "model/plan.h"
#include "network/network.h"
#include "unit/network/numbers.h"

namespace svhn::network {

inline model::ModelSpec spec_of(std::vector<model::Operation> ops) {
  model::ModelSpec spec;
  for (auto& op : ops) spec.layers.push_back({"", std::move(op)});
  return spec;
}

/// @returns a network's graph whose last layer may have any number of outputs.
inline model::Graph any_graph(std::vector<model::Operation> ops, const model::Shape& input) {
  return model::plan_network(spec_of(std::move(ops)), input, {.outputs = 0});
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

}  // namespace svhn::network
