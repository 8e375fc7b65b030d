#pragma once
/// A network as plain data: what a config's "model" says and what a model file carries.
/// Shapes exclude the batch: an image is C,H,W (channels, height, width), a feature vector is F.

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

namespace svhn::model {

enum class Activation { linear, relu, selu, tanh, sigmoid, elu, gelu, swish, softmax };
enum class Padding { valid, same };

/// C,H,W -> C*H*W, in that order (channels first).
struct FlattenSpec {};

/// Any shape -> `shape`, keeping the number of elements.
struct ReshapeSpec {
  std::vector<std::int64_t> shape;
};

/// F -> units.
struct DenseSpec {
  std::int64_t units = 0;
  Activation activation = Activation::linear;
  bool use_bias = true;
  double l1 = 0.0;  ///< Penalty on the weight's absolute values, added to the loss.
  double l2 = 0.0;  ///< Penalty on the weight's squares (Keras: l2 * sum(w^2)).
};

/// C,H,W -> filters,H',W'.
struct Conv2dSpec {
  std::int64_t filters = 0;
  std::int64_t kernel = 3;  ///< Side of the square kernel.
  std::int64_t stride = 1;
  Padding padding = Padding::valid;
  Activation activation = Activation::linear;
  bool use_bias = true;
  double l1 = 0.0;
  double l2 = 0.0;
};

/// Normalises each channel (C,H,W) or feature (F). @see Ioffe and Szegedy 2015; defaults are Keras'.
struct BatchNormSpec {
  double momentum = 0.99;  ///< Weight of the old running statistics (Keras' sense, 1 - PyTorch's).
  double epsilon = 1e-3;
};

struct MaxPool2dSpec {
  std::int64_t size = 2;
  std::int64_t stride = 0;  ///< 0 means `size`.
  Padding padding = Padding::valid;
};

struct AveragePool2dSpec {
  std::int64_t size = 2;
  std::int64_t stride = 0;  ///< 0 means `size`.
  Padding padding = Padding::valid;
};

/// C,H,W -> C.
struct GlobalAveragePoolSpec {};

/// Zeroes a share `rate` of the activations in training and scales the rest by 1/(1-rate).
struct DropoutSpec {
  double rate = 0.5;
};

struct ActivationSpec {
  Activation activation = Activation::relu;
};

/// C,H,W -> C,height,width, bilinear (half-pixel centres).
struct ResizeSpec {
  std::int64_t height = 0;
  std::int64_t width = 0;
};

using LayerKind =
    std::variant<FlattenSpec, ReshapeSpec, DenseSpec, Conv2dSpec, BatchNormSpec, MaxPool2dSpec,
                 AveragePool2dSpec, GlobalAveragePoolSpec, DropoutSpec, ActivationSpec, ResizeSpec>;

struct LayerSpec {
  std::string name;  ///< Unique; Keras-like and counted per type when not given (`conv2d_1`, `dense_2`).
  LayerKind kind;
  bool trainable = true;
};

struct ModelSpec {
  std::vector<LayerSpec> layers;
};

}  // namespace svhn::model
