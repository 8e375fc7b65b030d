#pragma once
/// The arrays of Keras' HDF5 files: a group for each layer, its attribute `weight_names` naming the arrays.
/// @see keras/src/legacy/saving/legacy_h5_format.py

#include <string>
#include <vector>

#include "formats/hdf5/file.h"
#include "model/pretrained/reader.h"

namespace svhn::model {

/// One array, not read yet.
struct KerasArray {
  std::string layer;
  std::string node;  ///< The layer inside a nested model; "" for a layer of its own.
  std::string role;  ///< "weight", "bias", "running_mean", "running_var", "depthwise.weight" …
  const formats::Hdf5Dataset* dataset = nullptr;

  /// @returns "layer.role" or "layer.node.role".
  [[nodiscard]] std::string name() const;
};

/// @returns where the layers' groups are: "model_weights" of a whole model, "" of weights alone.
/// @throws core::Error when the file has no such groups.
std::string keras_weights_root(const formats::Hdf5File& file);

/// @returns the arrays, layer by layer. @throws core::Error naming the array whose part in a layer is
/// unknown.
std::vector<KerasArray> list_keras_arrays(const formats::Hdf5File& file, const std::string& root);

/// @returns the array in PyTorch's layout (see weight_source.h). @throws core::Error naming it.
WeightArray read_keras_array(const formats::Hdf5File& file, const KerasArray& array);

}  // namespace svhn::model
