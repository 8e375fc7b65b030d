#pragma once
/// Lists and reads the arrays of Keras' HDF5 files, which have a group for each layer; its attribute
/// `weight_names` names the arrays.
/// @see keras/src/legacy/saving/legacy_h5_format.py

#include <string>
#include <vector>

#include "formats/hdf5/file.h"
#include "model/pretrained/reader.h"

namespace svhn::model {

/// An array of the file, not read yet.
struct KerasArray {
  std::string layer;
  std::string node;  ///< The layer inside a nested model; "" for a top-level layer.
  std::string role;  ///< "weight", "bias", "running_mean", "running_var", "depthwise.weight" …
  const formats::Hdf5Dataset* dataset = nullptr;

  /// @returns "layer.role" or "layer.node.role".
  [[nodiscard]] std::string name() const;
};

/// @returns the group that holds the layers' groups: "model_weights" for a model, "" for weights only.
/// @throws core::Error when the file has none.
std::string keras_weights_root(const formats::Hdf5File& file);

/// @param root from `keras_weights_root`. @returns the arrays, layer by layer.
/// @throws core::Error naming an array of unknown role, a missing or a repeated one.
std::vector<KerasArray> list_keras_arrays(const formats::Hdf5File& file, const std::string& root);

/// @returns the array in PyTorch's layout (see reader.h).
/// @throws core::Error naming an array of an unsupported type or rank.
WeightArray read_keras_array(const formats::Hdf5File& file, const KerasArray& array);

}  // namespace svhn::model
