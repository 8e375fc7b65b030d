#include "model/keras/value.h"

#include <algorithm>

namespace svhn::model {
namespace {

/// @returns whether both orders of an image's elements are the same.
bool is_plain(const Shape& hwc) {
  return hwc[2] == 1 || (hwc[0] == 1 && hwc[1] == 1);
}

}  // namespace

ElementOrder flattened_order(const Shape& shape) {
  if (shape.size() == 3 && !is_plain(shape)) return {shape};
  return {{1, 1, element_count(shape)}};
}

ElementOrder joined_orders(const std::vector<ElementOrder>& parts) {
  ElementOrder result;
  for (const ElementOrder& order : parts) {
    for (const Shape& part : order) {
      if (!result.empty() && is_plain(result.back()) && is_plain(part)) {
        result.back()[2] += part[2];
      } else {
        result.push_back(part);
      }
    }
  }
  return result;
}

void reorder_last(WeightArray& array, const ElementOrder& order) {
  std::vector<float> row;
  auto at = array.values.begin();
  while (at != array.values.end()) {
    for (const Shape& part : order) {
      const auto channels = static_cast<std::size_t>(part[2]);
      const auto pixels = static_cast<std::size_t>(part[0] * part[1]);
      row.assign(at, at + element_count(part));
      for (std::size_t c = 0; c < channels; ++c) {
        for (std::size_t p = 0; p < pixels; ++p) *at++ = row[p * channels + c];
      }
    }
  }
}

void channels_first(WeightArray& array) {
  const Shape hwc = array.shape;
  reorder_last(array, {hwc});
  array.shape = {hwc[2], hwc[0], hwc[1]};
}

Shape chw_shape(const Shape& keras) {
  if (keras.size() == 3) return {keras[2], keras[0], keras[1]};
  if (keras.size() == 2) return {1, keras[0], keras[1]};
  return keras;
}

KerasValue value_here(std::string layer, const Shape& here) {
  if (here.size() != 3) return {std::move(layer), here, here, flattened_order(here)};
  return {std::move(layer), {here[1], here[2], here[0]}, here, {}};
}

bool can_reshape(const KerasValue& value, const Shape& shape) {
  if (shape.size() == 1) return true;
  const ElementOrder from = value.is_vector() ? value.order : flattened_order(value.shape);
  const ElementOrder to = flattened_order(shape);
  if (is_plain(from[0]) || is_plain(to[0])) return from == to;
  return from.size() == 1 && from[0][2] == to[0][2];
}

}  // namespace svhn::model
