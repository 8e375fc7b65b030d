#pragma once
/// Convolutions: full, depthwise and separable. C, H, W = channels, height, width; kh, kw = sides of the
/// kernel.

#include "model/ops/op.h"

namespace svhn::model {

/// Initial weights of a convolution.
enum class KernelInitializer {
  glorot_uniform,
  whitening,  ///< From the training images, see `train/whitening.h`; the convolution reads the images.
};

/// C,H,W -> filters,H',W'. Tensors: "weight" [filters,C/groups,kh,kw] and, with `use_bias`, "bias" [filters].
struct Conv2dOp {
  std::int64_t filters = 0;
  Window window{.height = 3};
  bool use_bias = true;
  Activation activation = Activation::linear;
  std::int64_t groups = 1;  ///< Output channel i reads only the inputs of its group.
  double l1 = 0.0;
  double l2 = 0.0;
  KernelInitializer initializer = KernelInitializer::glorot_uniform;

  static constexpr OpInfo kInfo{.type = "conv2d", .keras = "Conv2D", .onnx = "Conv"};
  void describe(core::Fields& f);
  LayerError infer(OpPlan& plan) const;
};

/// One kernel (or `multiplier` kernels) per input channel: C,H,W -> C*multiplier,H',W'. Tensors: "weight"
/// [C*multiplier,1,kh,kw] and, with `use_bias`, "bias".
struct DepthwiseConv2dOp {
  Window window{.height = 3};
  std::int64_t multiplier = 1;
  bool use_bias = true;
  Activation activation = Activation::linear;

  static constexpr OpInfo kInfo{.type = "depthwise_conv2d", .keras = "DepthwiseConv2D", .onnx = "Conv"};
  void describe(core::Fields& f);
  LayerError infer(OpPlan& plan) const;
};

/// A depthwise, then a pointwise (1x1) convolution. Tensors: "depthwise.weight" [C*multiplier,1,kh,kw],
/// "pointwise.weight" [filters,C*multiplier,1,1] and, with `use_bias`, "bias" [filters].
struct SeparableConv2dOp {
  std::int64_t filters = 0;
  Window window{.height = 3};
  bool use_bias = true;
  Activation activation = Activation::linear;
  std::int64_t multiplier = 1;

  static constexpr OpInfo kInfo{.type = "separable_conv2d", .keras = "SeparableConv2D"};
  void describe(core::Fields& f);
  LayerError infer(OpPlan& plan) const;
};

}  // namespace svhn::model
