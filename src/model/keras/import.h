#pragma once
/// Imports a trained Keras model (`model.save("NAME.h5")` of Keras 2, or of Keras 3 in that format).
/// Supported are Sequential models and functional ones that are a plain chain, with the layers InputLayer,
/// Reshape, Flatten, Dense, Conv2D, BatchNormalization, MaxPooling2D, AveragePooling2D,
/// GlobalAveragePooling2D, Dropout, Activation, ReLU, Softmax, ELU, ZeroPadding2D before a convolution that
/// then has "same" padding, and nested networks of keras.applications. Everything else is refused by name: a
/// model is converted exactly or not at all.
///
/// Keras stores images as [H,W,C], this program as [C,H,W]: kernels are transposed, and the weights of dense
/// layers after a flattened image are reordered. C, H, W = channels, height, width.

#include <string>
#include <vector>

#include "formats/hdf5/file.h"
#include "model/graph/spec.h"
#include "model/plan.h"
#include "model/pretrained/reader.h"

namespace svhn::model {

/// An imported model.
struct KerasModel {
  ModelSpec spec;                   ///< Layers with Keras' names.
  Shape input;                      ///< [C,H,W]
  Shape keras_input;                ///< In Keras: [H,W,C], [H,W] or [H*W*C].
  std::vector<WeightArray> arrays;  ///< Every tensor of the network, named as in `plan_network`.
  std::vector<std::string> notes;   ///< Remarks for the user, one line each.
};

/// @returns whether the file describes a model, not only weights.
bool holds_keras_model(const formats::Hdf5File& file);

/// @returns the network and its weights.
/// @throws core::Error(model) naming file, layer and class: an unsupported layer, a missing or wrongly shaped
/// array, a network that cannot be built (see `plan_network`).
KerasModel import_keras_model(const formats::Hdf5File& file);

}  // namespace svhn::model
