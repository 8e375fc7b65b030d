#pragma once

#include "model/ops/op.h"

namespace svhn::model {

/// F -> units. Tensors: "weight" [units,F] and, with `use_bias`, "bias" [units].
struct DenseOp {
  std::int64_t units = 0;
  Activation activation = Activation::linear;
  bool use_bias = true;
  double l1 = 0.0;  ///< Adds l1 * sum|w| of the weight to the loss.
  double l2 = 0.0;  ///< Adds l2 * sum(w^2) of the weight to the loss, as in Keras.

  static constexpr OpInfo kInfo{.type = "dense", .keras = "Dense", .onnx = "Gemm"};

  void describe(core::Fields& f) {
    f.integer({"units", "Number of outputs.", core::Need::required}, units, {1, kMaxUnits});
    describe_activation(f, activation);
    f.boolean({"use_bias", "Add a bias."}, use_bias);
    describe_penalties(f, l1, l2);
  }

  LayerError infer(OpPlan& plan) const {
    if (LayerError error = needs_vector(plan)) return error;
    if (LayerError error = needs_positive(units, "units")) return error;
    plan.output = {units};
    plan.tensors = {{"weight", {units, plan.x()[0]}, TensorRole::kernel, l1, l2}};
    if (use_bias) plan.tensors.push_back({"bias", {units}, TensorRole::bias});
    return {};
  }
};

}  // namespace svhn::model
