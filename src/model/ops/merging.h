#pragma once
/// Ops with several inputs. C = channels.

#include "model/ops/op.h"

namespace svhn::model {

inline constexpr std::size_t kMostInputs = 64;

/// activation(sum of the inputs), all of the same shape.
struct AddOp {
  Activation activation = Activation::linear;
  double scale = 1.0;  ///< Factor of the second input. Backbones only.

  static constexpr OpInfo kInfo{
      .type = "add", .min_inputs = 2, .max_inputs = kMostInputs, .keras = "Add", .onnx = "Sum"};
  void describe(core::Fields& f) { describe_activation(f, activation); }
  LayerError infer(OpPlan& plan) const;
};

/// Concatenates the inputs along the channels (or features).
struct ConcatOp {
  static constexpr OpInfo kInfo{
      .type = "concat", .min_inputs = 2, .max_inputs = kMostInputs, .keras = "Concatenate", .onnx = "Concat"};
  void describe(core::Fields&) {}
  LayerError infer(OpPlan& plan) const;
};

}  // namespace svhn::model
