#pragma once
/// A network's layers as plain data, as in a config's "model" section and in a model file.

#include <string>
#include <vector>

#include "model/ops/operation.h"

namespace svhn::model {

/// Name by which a layer's "inputs" refer to the network's input.
inline constexpr const char* kInputName = "input";

struct LayerSpec {
  /// Unique; Keras-like and counted per type when not given (`conv2d_1`, `dense_2`; a backbone: `vgg16`).
  std::string name;
  Operation op;
  bool trainable = true;  ///< Ignored for a backbone, which selects layers by BackboneSpec::trainable.
  /// Names of earlier layers, of nodes inside them (`vgg16.block3_pool`) or `input`; empty: the layer before.
  std::vector<std::string> inputs = {};
};

struct ModelSpec {
  std::vector<LayerSpec> layers;
};

}  // namespace svhn::model
