#pragma once
/// Where Keras' order of numbers (H,W,C: channels last) and ours (C,H,W: channels first) differ.

#include <cstddef>
#include <optional>
#include <vector>

#include "model/plan.h"
#include "model/pretrained/reader.h"

namespace svhn::model {

/// A value between two layers of a Keras model.
struct KerasValue {
  Shape shape;  ///< Keras': [H,W,C], [H,W] or [F], without the batch.
  /// [H,W,C] of the image whose numbers a vector holds: in Keras row by row with channels last, here channel
  /// by channel. Nothing where both orders are the same.
  std::optional<Shape> image;
};

/// @returns [H,W,C] unless one channel or one pixel makes both orders the same.
std::optional<Shape> image_order(const Shape& hwc);

/// @returns [C,H,W] for [H,W,C], [1,H,W] for [H,W], the same for vectors.
Shape our_shape(const Shape& keras);

/// @returns the value as a vector.
KerasValue flattened(const KerasValue& value);

/// @returns the value in another shape of as many numbers; nothing where our numbers would need another
/// order.
std::optional<KerasValue> reshaped(const KerasValue& value, const Shape& shape);

/// Brings the last dimension of an array, given in Keras' order, into ours.
/// @param image what `KerasValue::image` says of the vector that the dimension belongs to.
void reorder_last(WeightArray& array, const Shape& image);

}  // namespace svhn::model
