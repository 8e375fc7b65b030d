#pragma once
/// A trained Keras model (`model.save("NAME.h5")` of Keras 2, and of Keras 3 in that format) as a network of
/// this program. Read are Sequential models and functional ones that are a plain chain, of the layers
/// InputLayer, Reshape, Flatten, Dense, Conv2D, BatchNormalization, MaxPooling2D, AveragePooling2D,
/// GlobalAveragePooling2D, Dropout, Activation, ReLU, Softmax, ELU, ZeroPadding2D before a convolution that
/// then has "same" padding, and nested networks of keras.applications. Everything else is refused by name: a
/// model is converted exactly or not at all.
///
/// Keras keeps images as [H,W,C], this program as [C,H,W]: kernels are transposed and the numbers of dense
/// layers behind a flattened image put into the other order. C, H, W = channels, height, width.

#include <string>
#include <vector>

#include "formats/hdf5/file.h"
#include "model/graph/spec.h"
#include "model/plan.h"
#include "model/pretrained/reader.h"

namespace svhn::model {

struct KerasModel {
  ModelSpec spec;                   ///< Layers under Keras' names.
  Shape input;                      ///< [C,H,W]
  Shape keras_input;                ///< As Keras has it: [H,W,C], [H,W] or [H*W*C].
  std::vector<WeightArray> arrays;  ///< Every tensor of the network, under its name in `plan_network`.
  std::vector<std::string> notes;   ///< What a user should know, one line each.
};

/// @returns whether the file describes a model, not weights alone.
bool holds_keras_model(const formats::Hdf5File& file);

/// @throws core::Error(model) naming file, layer and class of what is not read, arrays that are missing or of
/// another shape, and a network that cannot be (see `plan_network`).
KerasModel import_keras_model(const formats::Hdf5File& file);

}  // namespace svhn::model
