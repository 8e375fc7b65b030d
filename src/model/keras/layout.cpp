#include "model/keras/layout.h"

#include <utility>

namespace svhn::model {

std::optional<Shape> image_order(const Shape& hwc) {
  const bool same = hwc[2] == 1 || (hwc[0] == 1 && hwc[1] == 1);
  return same ? std::nullopt : std::optional(hwc);
}

Shape our_shape(const Shape& keras) {
  if (keras.size() == 3) return {keras[2], keras[0], keras[1]};
  if (keras.size() == 2) return {1, keras[0], keras[1]};
  return keras;
}

KerasValue flattened(const KerasValue& value) {
  const Shape vector{element_count(value.shape)};
  return {vector, value.shape.size() == 3 ? image_order(value.shape) : value.image};
}

std::optional<KerasValue> reshaped(const KerasValue& value, const Shape& shape) {
  KerasValue vector = flattened(value);
  if (shape.size() == 1) return vector;
  const auto wanted = shape.size() == 3 ? image_order(shape) : std::nullopt;
  const bool as_it_lies =
      wanted.has_value() == vector.image.has_value() && (!wanted || wanted->back() == vector.image->back());
  return as_it_lies ? std::optional(KerasValue{shape, std::nullopt}) : std::nullopt;
}

void reorder_last(WeightArray& array, const Shape& image) {
  const auto channels = static_cast<std::size_t>(image[2]);
  const auto pixels = static_cast<std::size_t>(image[0] * image[1]);
  const std::size_t length = channels * pixels;
  std::vector<float> row(length);
  for (std::size_t start = 0; start < array.values.size(); start += length) {
    for (std::size_t c = 0; c < channels; ++c) {
      for (std::size_t p = 0; p < pixels; ++p) row[c * pixels + p] = array.values[start + p * channels + c];
    }
    std::copy(row.begin(), row.end(), array.values.begin() + static_cast<std::ptrdiff_t>(start));
  }
}

}  // namespace svhn::model
