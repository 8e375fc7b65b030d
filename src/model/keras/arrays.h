#pragma once
/// The arrays of a saved Keras model by layer, in both of Keras' file formats.
///
/// `.h5`: a group of the layer's name (of the outermost model inside the model that holds it), whose
/// attribute `weight_names` lists paths that end in the variable's name: "dense/kernel:0",
/// "inner/dense/kernel".
/// `.keras`: `model.weights.h5` in the archive; the variables of a layer are numbered in its group `vars`.
/// @see keras/src/legacy/saving/legacy_h5_format.py, keras/src/saving/saving_lib.py

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "formats/hdf5/file.h"
#include "model/keras/topology.h"
#include "model/pretrained/keras_h5.h"

namespace svhn::model {

/// A variable of a layer.
struct KerasVariable {
  std::string_view name;    ///< In Keras 3: "kernel".
  std::string_view suffix;  ///< Of the tensor here: "weight".
  KerasLayout layout = KerasLayout::plain;
  const char* flag = nullptr;   ///< The layer has the variable where this key of its configuration is true.
  std::string_view older = {};  ///< In Keras 2, where it differs: "depthwise_kernel".
  bool by_element = false;      ///< The last dimension counts the elements of the layer's input.
  bool skipped = false;         ///< Not needed.
};

class KerasArrays {
 public:
  virtual ~KerasArrays() = default;

  /// @param position index of the variable among those that the layer has, in Keras' order.
  /// @returns the array in PyTorch's layout; its name is the variable's suffix.
  /// @throws core::Error(model) naming the layer: a missing or damaged array, one of another rank, or not of
  /// floating point numbers.
  [[nodiscard]] WeightArray read(const KerasCall& call, const KerasVariable& variable, std::size_t position);
  /// Marks a variable as used where the file has it.
  void skip(const KerasCall& call, const KerasVariable& variable, std::size_t position);
  /// @throws core::Error(model) naming an array of floating point numbers that no layer has.
  virtual void check_all_used() const = 0;

 protected:
  explicit KerasArrays(const formats::Hdf5File& file) : file_(file) {}

  /// @returns the array, and marks it as used; nullptr when there is none.
  virtual const formats::Hdf5Dataset* take(const KerasCall& call, const KerasVariable& variable,
                                           std::size_t position) = 0;

  const formats::Hdf5File& file_;
};

/// @param file a `.h5` file that `model.save` wrote. The object refers to it.
std::unique_ptr<KerasArrays> keras_h5_arrays(const formats::Hdf5File& file);

/// @param file the `model.weights.h5` of a `.keras` archive. The object refers to it.
std::unique_ptr<KerasArrays> keras_archive_arrays(const formats::Hdf5File& file);

}  // namespace svhn::model
