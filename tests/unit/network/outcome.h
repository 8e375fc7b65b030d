#pragma once
/// What one step leaves behind, by fused nodes or by separate ones.

#include "unit/network/small_network.h"

namespace svhn::network {

struct Outcome {
  torch::Tensor logits;
  std::vector<torch::Tensor> gradients, tensors;
};

/// Runs a network, and backward where autograd records. @param apart runs each node alone, by
/// forward_visiting.
inline Outcome run_step(Network network, const torch::Tensor& images, const ForwardContext& context,
                        bool apart) {
  Outcome outcome;
  const auto look = [](model::NodeId, const torch::Tensor&) {};
  outcome.logits = apart ? network.forward_visiting(images, context, look) : network.forward(images, context);
  if (outcome.logits.requires_grad()) outcome.logits.square().sum().backward();
  for (const auto& item : network.tensors()) {
    outcome.gradients.push_back(item.tensor.grad());
    outcome.tensors.push_back(item.tensor.detach());
  }
  return outcome;
}

inline void expect_same(const torch::Tensor& ours, const torch::Tensor& theirs, double tolerance) {
  ASSERT_EQ(ours.defined(), theirs.defined());
  if (!ours.defined()) return;
  const double largest = std::max(theirs.abs().max().item().toDouble(), 1e-3);
  EXPECT_LE((ours - theirs).abs().max().item().toDouble(), tolerance * largest);
}

inline void expect_same(const Outcome& ours, const Outcome& theirs, double tolerance) {
  expect_same(ours.logits, theirs.logits, tolerance);
  for (std::size_t i = 0; i < theirs.tensors.size(); ++i) {
    SCOPED_TRACE(i);
    expect_same(ours.gradients[i], theirs.gradients[i], tolerance);
    expect_same(ours.tensors[i], theirs.tensors[i], tolerance);
  }
}

/// @returns the largest difference of any gradient, relative to that gradient's largest number.
inline double gradient_distance(const Outcome& some, const Outcome& exact) {
  double worst = 0.0;
  for (std::size_t i = 0; i < exact.gradients.size(); ++i) {
    if (!exact.gradients[i].defined()) continue;
    worst = std::max(worst, relative_difference(some.gradients[i], exact.gradients[i]));
  }
  return worst;
}

}  // namespace svhn::network
