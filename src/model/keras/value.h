#pragma once
/// A tensor between two layers of a Keras model, and the order of its elements. Keras orders the elements of
/// an image as [H,W,C], this program as [C,H,W]; so a flattened image is another vector in each.

#include <optional>
#include <string>
#include <vector>

#include "model/ops/shape.h"
#include "model/pretrained/reader.h"

namespace svhn::model {

/// Where the elements of a vector stem from: images [H,W,C] one behind the other, each flattened. A part
/// whose order is the same here and in Keras has the shape [1,1,n]; neighbours of that kind are joined.
using ElementOrder = std::vector<Shape>;

/// @param shape of a tensor that is flattened: [H,W,C], [H,W] or [F].
ElementOrder flattened_order(const Shape& shape);

/// @returns the order of concatenated vectors.
ElementOrder joined_orders(const std::vector<ElementOrder>& parts);

/// Reorders the last dimension of an array from Keras' order to the one here.
/// @param order of as many elements as that dimension has.
void reorder_last(WeightArray& array, const ElementOrder& order);

/// Moves the last dimension of an array [H,W,C] to the front.
void channels_first(WeightArray& array);

struct KerasValue {
  std::string layer;   ///< The layer here that gives it, or `kInputName`.
  Shape shape;         ///< In Keras, without the batch: [H,W,C], [H,W] or [F].
  Shape here;          ///< [C,H,W] or [F]; of a flat input of the network still its image [C,H,W].
  ElementOrder order;  ///< Of a vector.

  [[nodiscard]] bool is_image() const { return shape.size() == 3; }
  [[nodiscard]] bool is_vector() const { return shape.size() == 1; }
};

/// @returns [C,H,W] for [H,W,C], [1,H,W] for [H,W]; a vector's shape is returned unchanged.
Shape chw_shape(const Shape& keras);

/// @returns a value that `layer` gives.
/// @param here its shape: [C,H,W] or [F].
KerasValue value_here(std::string layer, const Shape& here);

/// @returns whether a value may get another shape of as many elements without moving them here or in Keras.
bool can_reshape(const KerasValue& value, const Shape& shape);

}  // namespace svhn::model
