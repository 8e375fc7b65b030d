#pragma once
/// Puts a network together from Keras' layers, one after the other.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "model/keras/config.h"
#include "model/keras/import.h"
#include "model/keras/layout.h"
#include "model/pretrained/keras_h5.h"

namespace svhn::model {

class KerasBuilder {
 public:
  KerasBuilder(const formats::Hdf5File& file, std::vector<KerasArray> arrays);

  /// @throws core::Error(model) for a layer that is not read.
  void add(const KerasLayer& layer);
  /// @throws core::Error(model) when the network cannot be, or arrays do not fit it.
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

  void push(const KerasLayer& layer, LayerKind kind);
  /// Takes an input that Keras has as a vector and this network as an image.
  void flatten_input();
  void need_rank(const KerasLayer& layer, std::size_t rank) const;
  /// Works out the value behind an image layer from its plan.
  void step_image(const KerasLayer& layer);
  /// @returns the layer's array of that role, taken out of the file's list; refuses when it is not there.
  WeightArray take(const KerasLayer& layer, std::string_view role, const Shape& shape);
  [[nodiscard]] bool has_array(const KerasLayer& layer, std::string_view role) const;
  void check_all_taken() const;

  const formats::Hdf5File& file_;
  std::vector<KerasArray> arrays_;
  KerasModel model_;
  KerasValue value_;
  bool started_ = false;
  bool vector_input_ = false;  // Still to be flattened.
  std::int64_t padding_ = 0;   // Of a ZeroPadding2D that waits for its convolution.
};

/// @returns Keras' activation of that name. Refuses others.
Activation keras_activation(const KerasLayer& layer, const std::string& name);

/// @returns the name as layers here may have it.
std::string our_layer_name(std::string_view keras);

}  // namespace svhn::model
