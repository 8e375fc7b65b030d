#pragma once
/// Builds a network from Keras' layers, one after the other. Internal to import.cpp and layers.cpp. Keras
/// orders the elements of an image as [H,W,C], this program as [C,H,W].

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "model/keras/config.h"
#include "model/keras/import.h"
#include "model/pretrained/keras_h5.h"

namespace svhn::model {

/// The activations between two layers of a Keras model.
struct KerasValue {
  Shape shape;  ///< In Keras, without the batch: [H,W,C], [H,W] or [F].
  /// [H,W,C] of the image that a vector was flattened from; unset where both element orders are the same.
  std::optional<Shape> image;
};

/// @returns [H,W,C], or nothing where one channel or one pixel makes both element orders the same.
std::optional<Shape> image_order(const Shape& hwc);

/// @returns [C,H,W] for [H,W,C], [1,H,W] for [H,W]; a vector's shape is returned unchanged.
Shape chw_shape(const Shape& keras);

/// @returns the value as a vector.
KerasValue flattened(const KerasValue& value);

/// @param shape of as many elements.
/// @returns the value in another shape, or nothing where channels-first elements would need another order.
std::optional<KerasValue> reshaped(const KerasValue& value, const Shape& shape);

/// Reorders the last dimension of an array from channels last to channels first.
/// @param image [H,W,C], the `KerasValue::image` of the vector that the dimension belongs to.
void reorder_last(WeightArray& array, const Shape& image);

class KerasBuilder {
 public:
  KerasBuilder(const formats::Hdf5File& file, std::vector<KerasArray> arrays);

  /// @throws core::Error(model) for an unsupported layer.
  void add(const KerasLayer& layer);
  /// @throws core::Error(model) when the network cannot be built, or arrays do not fit it.
  KerasModel finish();

 private:
  void set_input(const KerasLayer& layer);
  void dispatch(const KerasLayer& layer);
  void reshape(const KerasLayer& layer);
  void flatten(const KerasLayer& layer);
  void dense(const KerasLayer& layer);
  void convolution(const KerasLayer& layer);
  void batch_norm(const KerasLayer& layer);
  template <class Spec>
  void pool(const KerasLayer& layer);
  void global_average(const KerasLayer& layer);
  void dropout(const KerasLayer& layer);
  void activation(const KerasLayer& layer);
  void zero_padding(const KerasLayer& layer);
  void nested(const KerasLayer& layer);

  void push(const KerasLayer& layer, Operation op);
  /// Adds a flatten layer for an input that is a vector in Keras and an image here.
  void flatten_input();
  void need_rank(const KerasLayer& layer, std::size_t rank) const;
  /// Sets the value after an image layer from its plan.
  void update_image(const KerasLayer& layer);
  /// Removes the layer's array of that role from the list and returns it; refuses a missing one.
  WeightArray take(const KerasLayer& layer, std::string_view role, const Shape& shape);
  [[nodiscard]] bool has_array(const KerasLayer& layer, std::string_view role) const;
  void check_all_taken() const;

  const formats::Hdf5File& file_;
  std::vector<KerasArray> arrays_;
  KerasModel model_;
  KerasValue value_;
  bool started_ = false;
  bool vector_input_ = false;  // Not flattened yet.
  std::int64_t padding_ = 0;   // Pixels of a ZeroPadding2D before its convolution.
};

/// @returns the activation that Keras calls `name`; refuses others.
Activation keras_activation(const KerasLayer& layer, const std::string& name);

/// @returns the name in at most 64 characters, those that are not allowed replaced by '_'.
std::string valid_layer_name(std::string_view keras);

}  // namespace svhn::model
