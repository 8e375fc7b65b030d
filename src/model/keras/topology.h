#pragma once
/// The layers of a Keras model with what each of them reads, models inside the model expanded.
/// @see keras/src/models/functional.py and sequential.py, `get_config`; Keras 2: keras/engine/functional.py

#include <cstddef>
#include <string>
#include <vector>

#include "model/keras/config.h"

namespace svhn::model {

/// One call of a layer.
struct KerasCall {
  KerasLayer layer;
  /// Group of the layer's arrays in a `.keras` file: "layers/conv2d_1", "layers/functional/layers/dense".
  std::string group;
  std::size_t call = 0;   ///< Index of this call among those of the layer.
  std::size_t calls = 1;  ///< Number of the layer's calls, which share its weights.
  bool trainable = true;  ///< The layer and the models that hold it.
  /// What it reads: 0 is the model's input, i + 1 is the output of call i, an earlier one.
  std::vector<std::size_t> inputs;
};

/// The calls [first, last) of a functional model inside the outermost one.
struct KerasSubmodel {
  KerasLayer layer;
  std::size_t first = 0;
  std::size_t last = 0;
  std::size_t input = 0;   ///< As in `KerasCall::inputs`.
  std::size_t output = 0;  ///< As in `KerasCall::inputs`.
};

struct KerasTopology {
  Shape input;                   ///< In Keras: [H,W,C], [H,W] or [F]; H or W is 0 where any is taken.
  std::vector<KerasCall> calls;  ///< In topological order; all but the last are read by others.
  std::vector<KerasSubmodel> submodels;
  std::size_t output = 0;  ///< As in `KerasCall::inputs`.
};

/// @param file its name in messages. @param text the JSON of the model's configuration.
/// @returns the calls from the input to the output.
/// @throws core::Error(model) for a model that is neither Sequential nor functional, that has several inputs
/// or outputs, a circle, a model inside it that is called twice, layers called with other things than
/// tensors.
KerasTopology read_keras_topology(const std::string& file, const std::string& text);

/// @returns the name of a class as Keras' files spell it: "Conv2D" is "conv2d", "PReLU" is "p_re_lu".
/// @see keras/src/utils/naming.py, `to_snake_case`
std::string keras_snake_case(std::string_view name);

}  // namespace svhn::model
