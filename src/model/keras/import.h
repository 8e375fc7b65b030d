#pragma once
/// Imports a trained Keras model: a `.keras` archive, or `.h5` (Keras 2, or Keras 3 in that format).
/// Sequential and functional models of one input and one output are read, with branches and with models
/// inside them; table.cpp lists the classes of layers. Layers that act in training alone are left out with a
/// note. Everything else is refused by name: a model is converted exactly or not at all. No code in a file is
/// run.
///
/// Keras stores images as [H,W,C], this program as [C,H,W]: kernels are transposed, and the weights of layers
/// after a flattened image are reordered. C, H, W = channels, height, width.

#include <filesystem>
#include <string>
#include <vector>

#include "formats/hdf5/file.h"
#include "model/graph/spec.h"
#include "model/ops/shape.h"
#include "model/pretrained/reader.h"

namespace svhn::model {

/// An imported model.
struct KerasModel {
  ModelSpec spec;                   ///< Layers with Keras' names; MODEL_LAYER inside another model.
  Shape input;                      ///< [C,H,W]
  Shape output;                     ///< [F]; classes.h puts ten classes into the order here.
  Shape keras_input;                ///< In Keras: [H,W,C], [H,W] or [H*W*C].
  std::vector<WeightArray> arrays;  ///< Every tensor of the network, named as in `plan_network`.
  std::vector<std::string> notes;   ///< Remarks for the user, one line each.
  bool scales_pixels = false;       ///< In Keras its input is pixels from 0 to 255, see pixels.h.
};

/// @returns whether the file describes a model, not only weights.
bool holds_keras_model(const formats::Hdf5File& file);

/// @param file a `.h5` file that `holds_keras_model`.
/// @returns the network and its weights.
/// @throws core::Error(model) naming file, layer and class: an unsupported layer, a missing or wrongly shaped
/// array, a network that cannot be built (see `plan_network`).
KerasModel import_keras_model(const formats::Hdf5File& file);

/// @param path a `.keras` file. @returns the network and its weights.
/// @throws core::Error(model) as `import_keras_model`, and for a damaged archive.
KerasModel import_keras_archive(const std::filesystem::path& path);

}  // namespace svhn::model
