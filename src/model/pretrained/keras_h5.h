#pragma once
/// Lists and reads the arrays of Keras' HDF5 files, which have a group for each layer; its attribute
/// `weight_names` names the arrays.
/// @see keras/src/legacy/saving/legacy_h5_format.py

#include <string>
#include <vector>

#include "formats/hdf5/file.h"
#include "model/pretrained/reader.h"

namespace svhn::model {

/// A path in a layer's `weight_names`.
struct KerasEntry {
  std::string layer;  ///< The group's name.
  std::string path;   ///< "dense/kernel:0"
  const formats::Hdf5Dataset* dataset = nullptr;
};

/// An array of the file, not read yet.
struct KerasArray {
  std::string layer;
  std::string node;  ///< The layer inside a nested model; "" for a top-level layer.
  std::string role;  ///< "weight", "bias", "running_mean", "running_var", "depthwise.weight" …
  const formats::Hdf5Dataset* dataset = nullptr;

  /// @returns "layer.role" or "layer.node.role".
  [[nodiscard]] std::string name() const;
};

/// How Keras lays out an array.
enum class KerasLayout {
  plain,     ///< Any shape, unchanged here.
  dense,     ///< [in,out], here [out,in]
  kernel,    ///< [kh,kw,in,out], here [out,in,kh,kw]
  depthwise  ///< [kh,kw,C,M], here [C*M,1,kh,kw]
};

/// @returns the group that holds the layers' groups: "model_weights" for a model, "" for weights only.
/// @throws core::Error when the file has none.
std::string keras_weights_root(const formats::Hdf5File& file);

/// @param root from `keras_weights_root`. @returns the paths, layer by layer.
/// @throws core::Error naming a missing array.
std::vector<KerasEntry> list_keras_entries(const formats::Hdf5File& file, const std::string& root);

/// @returns the name of the variable at the end of a path, without a number: "kernel" of "dense/kernel:0".
std::string_view keras_variable(std::string_view path);

/// @param root from `keras_weights_root`. @returns the arrays, layer by layer.
/// @throws core::Error naming an array of unknown role, a missing or a repeated one.
std::vector<KerasArray> list_keras_arrays(const formats::Hdf5File& file, const std::string& root);

/// @returns the array in PyTorch's layout (see reader.h).
/// @throws core::Error naming an array of an unsupported type or rank.
WeightArray read_keras_array(const formats::Hdf5File& file, const KerasArray& array);

/// @param name of the result, and in messages.
/// @returns the array in PyTorch's layout.
/// @throws core::Error naming an array of another rank, or not of floating point numbers.
WeightArray read_keras_dataset(const formats::Hdf5File& file, const formats::Hdf5Dataset& dataset,
                               const std::string& name, KerasLayout layout);

}  // namespace svhn::model
