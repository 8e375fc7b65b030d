#pragma once
/// Ops that move numbers: flatten, reshape, zero padding, cropping, resizing. C, H, W = channels, height,
/// width.

#include "model/ops/op.h"

namespace svhn::model {

/// The network's input, always node 0.
struct InputOp {
  static constexpr OpInfo kInfo{.type = "input", .in_json = false, .min_inputs = 0, .max_inputs = 0};
  void describe(core::Fields&) {}
  LayerError infer(OpPlan&) const { return {}; }
};

/// C,H,W -> C*H*W, channels first.
struct FlattenOp {
  static constexpr OpInfo kInfo{
      .type = "flatten", .affine = AffineRule::flatten, .keras = "Flatten", .onnx = "Flatten"};
  void describe(core::Fields&) {}
  LayerError infer(OpPlan& plan) const {
    plan.output = {element_count(plan.x())};
    return {};
  }
};

/// Any shape -> `shape`, with the same number of elements.
struct ReshapeOp {
  Shape shape;

  static constexpr OpInfo kInfo{.type = "reshape", .keras = "Reshape", .onnx = "Reshape"};
  void describe(core::Fields& f);
  LayerError infer(OpPlan& plan) const;
};

/// Zero padding of an image, in pixels.
struct ZeroPad2dOp {
  std::int64_t top = 0;
  std::int64_t bottom = 0;
  std::int64_t left = 0;
  std::int64_t right = 0;
  /// An even height takes one row less at the top, an even width one column less at the left (Keras'
  /// correct_pad). Backbones only.
  bool trim_even = false;

  static constexpr OpInfo kInfo{.type = "zero_pad2d", .keras = "ZeroPadding2D", .onnx = "Pad"};
  void describe(core::Fields& f);
  LayerError infer(OpPlan& plan) const;
  /// @returns the padding of an image of this height and width, with `trim_even` applied.
  [[nodiscard]] ZeroPad2dOp trimmed(std::int64_t height, std::int64_t width) const;
};

/// Removes rows and columns at the borders of an image.
struct Crop2dOp {
  std::int64_t top = 0;
  std::int64_t left = 0;
  std::int64_t bottom = 0;
  std::int64_t right = 0;

  static constexpr OpInfo kInfo{
      .type = "crop2d", .affine = AffineRule::mean, .keras = "Cropping2D", .onnx = "Slice"};
  void describe(core::Fields& f);
  LayerError infer(OpPlan& plan) const;
};

/// C,H,W -> C,height,width, bilinear (half-pixel centres).
struct ResizeOp {
  std::int64_t height = 0;
  std::int64_t width = 0;

  static constexpr OpInfo kInfo{
      .type = "resize", .affine = AffineRule::mean, .keras = "Resizing", .onnx = "Resize"};
  void describe(core::Fields& f);
  LayerError infer(OpPlan& plan) const;
};

}  // namespace svhn::model
