#pragma once
/// Pooling. C, H, W = channels, height, width.

#include "model/ops/op.h"

namespace svhn::model {

/// C,H,W -> C,H',W'.
struct MaxPool2dOp {
  Window window{.height = 2, .stride = 0};

  static constexpr OpInfo kInfo{
      .type = "max_pool2d", .affine = AffineRule::increasing, .keras = "MaxPooling2D", .onnx = "MaxPool"};
  void describe(core::Fields& f) { describe_pool(f, window); }
  LayerError infer(OpPlan& plan) const;
};

/// C,H,W -> C,H',W'.
struct AveragePool2dOp {
  Window window{.height = 2, .stride = 0};
  /// PyTorch's count_include_pad; TensorFlow divides by the number of real pixels.
  bool count_padding = false;

  static constexpr OpInfo kInfo{.type = "average_pool2d",
                                .affine = AffineRule::mean,
                                .keras = "AveragePooling2D",
                                .onnx = "AveragePool"};
  void describe(core::Fields& f) { describe_pool(f, window); }
  LayerError infer(OpPlan& plan) const;
};

/// C,H,W -> C.
struct GlobalAveragePoolOp {
  static constexpr OpInfo kInfo{.type = "global_average_pool",
                                .affine = AffineRule::mean,
                                .keras = "GlobalAveragePooling2D",
                                .onnx = "GlobalAveragePool"};
  void describe(core::Fields&) {}
  LayerError infer(OpPlan& plan) const;
};

/// C,H,W -> C.
struct GlobalMaxPoolOp {
  static constexpr OpInfo kInfo{.type = "global_max_pool",
                                .affine = AffineRule::increasing,
                                .keras = "GlobalMaxPooling2D",
                                .onnx = "GlobalMaxPool"};
  void describe(core::Fields&) {}
  LayerError infer(OpPlan& plan) const;
};

}  // namespace svhn::model
