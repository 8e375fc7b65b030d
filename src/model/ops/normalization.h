#pragma once
/// Normalizations and fixed scalings. C = channels, F = features.

#include "model/ops/op.h"

namespace svhn::model {

/// Normalises each channel (C,H,W) or feature (F). Tensors, each [C] or [F]: "weight" (with `scale`), "bias",
/// "running_mean", "running_var". @see Ioffe and Szegedy 2015; defaults are Keras'.
struct BatchNormOp {
  double epsilon = 1e-3;
  double momentum = 0.99;  ///< Weight of the old running statistics (Keras' sense, 1 - PyTorch's).
  bool scale = true;

  static constexpr OpInfo kInfo{
      .type = "batch_norm", .keras = "BatchNormalization", .onnx = "BatchNormalization"};
  void describe(core::Fields& f);
  LayerError infer(OpPlan& plan) const;
};

/// Normalises each pixel over its channels, or a vector over its features, as Keras does over the last axis.
/// Tensors, each [C] or [F]: "weight", "bias". @see Ba, Kiros and Hinton 2016
struct LayerNormOp {
  double epsilon = 1e-3;

  static constexpr OpInfo kInfo{
      .type = "layer_norm", .keras = "LayerNormalization", .onnx = "LayerNormalization"};
  void describe(core::Fields& f);
  LayerError infer(OpPlan& plan) const;
};

/// x * scale + offset.
struct RescaleOp {
  double scale = 1.0;
  double offset = 0.0;

  static constexpr OpInfo kInfo{.type = "rescale", .keras = "Rescaling"};
  void describe(core::Fields& f);
  LayerError infer(OpPlan& plan) const { return keep_shape(plan); }
};

/// (x - mean) / deviation, each one number or one per channel (C,H,W) or feature (F).
struct NormalizeOp {
  std::vector<double> mean;
  std::vector<double> deviation;

  static constexpr OpInfo kInfo{.type = "normalize", .keras = "Normalization"};
  void describe(core::Fields& f);
  LayerError infer(OpPlan& plan) const;
};

}  // namespace svhn::model
