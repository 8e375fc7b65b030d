#pragma once
/// One op with its tensors, run without a network, and checks of its results and gradients.

#include <gtest/gtest.h>
#include <torch/types.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <utility>
#include <vector>

#include "network/ops/run.h"
#include "unit/network/numbers.h"

namespace svhn::network {

using Tensors = std::vector<torch::Tensor>;

class OneOp {
 public:
  /// @param inputs shapes without the batch. The tensors are zeros.
  OneOp(model::Operation op, std::vector<model::Shape> inputs, torch::ScalarType dtype = torch::kFloat64)
      : op_(std::move(op)) {
    model::OpPlan plan{std::move(inputs), {}, {}};
    EXPECT_EQ(model::infer_op(op_, plan).problem, "");
    output_ = plan.output;
    state_.name = "op_1";
    for (const model::OpTensor& tensor : plan.tensors)
      state_.tensors.push_back(torch::zeros(tensor.shape, dtype));
  }

  /// Fills a tensor with values in row-major order.
  void set(std::size_t index, const std::vector<double>& values) {
    const torch::Tensor& target = state_.tensors.at(index);
    target.copy_(torch::tensor(values, torch::kFloat64).view(target.sizes()));
  }

  torch::Tensor run(Tensors inputs, const ForwardContext& context = {}) const {
    return run_op(op_, {state_, inputs, context});
  }

  [[nodiscard]] Tensors& tensors() { return state_.tensors; }
  [[nodiscard]] NodeState& state() { return state_; }
  [[nodiscard]] const model::Shape& output() const { return output_; }

 private:
  model::Operation op_;
  NodeState state_;
  model::Shape output_;
};

/// @returns the output of one op without weights.
inline torch::Tensor output_of(const model::Operation& op, const torch::Tensor& input,
                               const ForwardContext& context = {}) {
  return OneOp(op, {input.sizes().slice(1).vec()}).run({input}, context);
}

/// What an op should give, from its inputs and its tensors.
using Reference = std::function<torch::Tensor(const Tensors& inputs, const Tensors& tensors)>;

/// Compares the gradients of one leaf with central differences of `loss`, in float64.
inline void expect_gradient(const torch::Tensor& leaf, const std::function<torch::Tensor()>& loss) {
  ASSERT_TRUE(leaf.grad().defined());
  const torch::NoGradGuard no_grad;
  constexpr double kStep = 1e-5;
  const torch::Tensor flat = leaf.detach().view({-1}), gradient = leaf.grad().contiguous().view({-1});
  // About 40 of the elements.
  for (std::int64_t i = 0; i < flat.numel(); i += 1 + flat.numel() / 40) {
    const double value = flat[i].item().toDouble();
    flat[i] = value + kStep;
    const double above = loss().item().toDouble();
    flat[i] = value - kStep;
    const double below = loss().item().toDouble();
    flat[i] = value;
    const double slope = (above - below) / (2 * kStep);
    EXPECT_NEAR(gradient[i].item().toDouble(), slope, 1e-6 * std::max(1.0, std::abs(slope)))
        << "element " << i;
  }
}

/// Runs an op on two images in float64, float32 (both memory layouts) and bfloat16, compares it with a
/// reference, and its gradients with central differences.
/// @param inputs shapes without the batch.
class OpCheck {
 public:
  OpCheck(model::Operation op, std::vector<model::Shape> inputs)
      : op_(std::move(op)), shapes_(std::move(inputs)) {
    double phase = 0.4;
    for (const model::Shape& shape : shapes_) {
      model::Shape batch{2};
      batch.insert(batch.end(), shape.begin(), shape.end());
      inputs_.push_back(wave(batch, phase += 1.3) * 2.0);
    }
    OneOp one(op_, shapes_);
    for (const torch::Tensor& tensor : one.tensors()) tensors_.push_back(wave(tensor.sizes(), phase += 1.3));
  }

  /// @param bound of the values of bfloat16, which has 8 bits, in parts of the largest.
  void expect(const Reference& reference, double bound = 0.02) {
    const torch::Tensor exact = reference(inputs_, tensors_);
    expect_output(exact, torch::kFloat64, torch::kFloat64, false, 1e-13);
    expect_output(exact, torch::kFloat32, torch::kFloat32, false, 2e-6);
    expect_output(exact, torch::kFloat32, torch::kFloat32, true, 2e-6);
    expect_output(exact, torch::kFloat32, torch::kBFloat16, false, bound);
    expect_output(exact, torch::kFloat32, torch::kBFloat16, true, bound);
    expect_gradients();
  }

 private:
  OneOp make(torch::ScalarType weights) const {
    OneOp one(op_, shapes_, weights);
    for (std::size_t i = 0; i < tensors_.size(); ++i) one.tensors()[i].copy_(tensors_[i]);
    return one;
  }

  void expect_output(const torch::Tensor& exact, torch::ScalarType weights, torch::ScalarType numbers,
                     bool channels_last, double bound) const {
    OneOp one = make(weights);
    Tensors inputs, leaves;
    for (const torch::Tensor& tensor : one.tensors()) leaves.push_back(tensor.set_requires_grad(true));
    for (const torch::Tensor& input : inputs_) {
      const bool image = channels_last && input.dim() == 4;
      const torch::Tensor given =
          image ? input.to(numbers).contiguous(at::MemoryFormat::ChannelsLast) : input.to(numbers);
      leaves.push_back(given.detach().clone().set_requires_grad(true));
      inputs.push_back(leaves.back());
    }
    const Tensors before = cloned(inputs);
    const torch::Tensor y = one.run(inputs);
    EXPECT_EQ(y.scalar_type(), numbers);
    ASSERT_EQ(y.sizes(), exact.sizes());
    EXPECT_EQ(y.sizes().slice(1).vec(), one.output()) << "the planned shape";
    EXPECT_LE(relative_difference(y, exact), bound) << numbers << " channels last " << channels_last;
    for (std::size_t i = 0; i < inputs.size(); ++i)
      EXPECT_TRUE(inputs[i].detach().equal(before[i])) << "input " << i;
    y.to(torch::kFloat32).sum().backward();
    for (const torch::Tensor& leaf : leaves) {
      ASSERT_TRUE(leaf.grad().defined());
      EXPECT_EQ(leaf.grad().scalar_type(), leaf.scalar_type());
    }
    // Without gradients, other paths run; they must not overwrite what others still read.
    const torch::NoGradGuard no_grad;
    EXPECT_LE(relative_difference(one.run(inputs), exact), bound);
    for (std::size_t i = 0; i < inputs.size(); ++i) EXPECT_TRUE(inputs[i].detach().equal(before[i]));
  }

  static Tensors cloned(const Tensors& tensors) {
    Tensors copies;
    for (const torch::Tensor& tensor : tensors) copies.push_back(tensor.detach().clone());
    return copies;
  }

  void expect_gradients() const {
    OneOp one = make(torch::kFloat64);
    Tensors inputs = cloned(inputs_);
    for (torch::Tensor& tensor : one.tensors()) tensor.set_requires_grad(true);
    for (torch::Tensor& input : inputs) input.set_requires_grad(true);
    const auto loss = [&] {
      const torch::Tensor y = one.run(inputs);
      return (y * wave(y.sizes(), 0.9)).sum();
    };
    loss().backward();
    for (const torch::Tensor& tensor : one.tensors()) expect_gradient(tensor, loss);
    for (const torch::Tensor& input : inputs) expect_gradient(input, loss);
  }

  model::Operation op_;
  std::vector<model::Shape> shapes_;
  Tensors inputs_;
  Tensors tensors_;
};

}  // namespace svhn::network
