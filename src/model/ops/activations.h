#pragma once
/// Ops on single numbers: activations and dropout. C = channels.

#include "model/ops/op.h"

namespace svhn::model {

struct ActivationOp {
  Activation activation = Activation::relu;

  static constexpr OpInfo kInfo{.type = "activation", .keras = "Activation"};
  void describe(core::Fields& f) { describe_activation(f, activation); }
  LayerError infer(OpPlan& plan) const { return keep_shape(plan); }
};

/// max(x, 0) + slope * min(x, 0). @see Maas, Hannun and Ng 2013
struct LeakyReluOp {
  double slope = 0.3;  ///< Keras' default; PyTorch's is 0.01.

  static constexpr OpInfo kInfo{.type = "leaky_relu", .keras = "LeakyReLU", .onnx = "LeakyRelu"};
  void describe(core::Fields& f) { f.number({"slope", "Slope below 0."}, slope, core::between(0.0, 1e6)); }
  LayerError infer(OpPlan& plan) const { return keep_shape(plan); }
};

/// max(x, 0) + weight * min(x, 0) with trained slopes, 0 at first. Tensor: "weight" [C], or the input's
/// shape.
/// @see He et al. 2015
struct PreluOp {
  bool per_channel = true;  ///< False: a slope for every element (Keras without shared_axes).

  static constexpr OpInfo kInfo{.type = "prelu", .keras = "PReLU", .onnx = "PRelu"};
  void describe(core::Fields& f) {
    f.boolean({"per_channel", "One slope for each channel; false: one for every element."}, per_channel);
  }
  LayerError infer(OpPlan& plan) const {
    plan.tensors = {{"weight", per_channel ? Shape{plan.x()[0]} : plan.x(), TensorRole::beta}};
    return keep_shape(plan);
  }
};

/// Dropout: in training zeroes each activation with probability `rate` and scales the rest by 1/(1-rate).
struct DropoutOp {
  double rate = 0.5;

  static constexpr OpInfo kInfo{
      .type = "dropout", .affine = AffineRule::identity, .keras = "Dropout", .onnx = "Identity"};
  void describe(core::Fields& f) {
    f.number({"rate", "Probability that an input is set to 0 in training."}, rate, core::below(0.0, 1.0));
  }
  LayerError infer(OpPlan& plan) const { return keep_shape(plan); }
};

}  // namespace svhn::model
