#pragma once
/// Infers the output and tensors of one op.

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "model/ops/op.h"

namespace svhn::model {

/// @returns the op's plan; the op must accept its inputs.
template <class Op>
OpPlan infer(const Op& op, std::vector<Shape> inputs) {
  OpPlan plan{std::move(inputs), {}, {}};
  const LayerError error = op.infer(plan);
  EXPECT_EQ(error.problem, "");
  return plan;
}

template <class Op>
Shape output_of(const Op& op, std::vector<Shape> inputs) {
  return infer(op, std::move(inputs)).output;
}

/// @returns why the op does not accept its inputs, or "".
template <class Op>
std::string op_refusal(const Op& op, std::vector<Shape> inputs) {
  OpPlan plan{std::move(inputs), {}, {}};
  const LayerError error = op.infer(plan);
  EXPECT_EQ(error.problem.empty(), error.hint.empty());
  return error.problem;
}

/// @returns the tensors as "weight[4,2,3,3] bias[4]".
inline std::string tensors_text(const OpPlan& plan) {
  std::string text;
  for (const OpTensor& tensor : plan.tensors)
    text += (text.empty() ? "" : " ") + tensor.suffix + shape_text(tensor.shape);
  return text;
}

}  // namespace svhn::model
