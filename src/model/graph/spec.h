#pragma once
/// A network's layers as plain data, as in a config's "model" section and in a model file.
/// Shapes exclude the batch: an image is C,H,W (channels, height, width), a feature vector is F.

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

namespace svhn::model {

enum class Activation { linear, relu, selu, tanh, sigmoid, elu, gelu, swish, softmax };
enum class Padding { valid, same };

/// C,H,W -> C*H*W, channels first.
struct FlattenSpec {};

/// Any shape -> `shape`, with the same number of elements.
struct ReshapeSpec {
  std::vector<std::int64_t> shape;
};

/// F -> units.
struct DenseSpec {
  std::int64_t units = 0;
  Activation activation = Activation::linear;
  bool use_bias = true;
  double l1 = 0.0;  ///< Adds l1 * sum|w| of the weight to the loss.
  double l2 = 0.0;  ///< Adds l2 * sum(w^2) of the weight to the loss, as in Keras.
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

/// Dropout: in training zeroes each activation with probability `rate` and scales the rest by 1/(1-rate).
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

/// Input normalization that a backbone's weights expect, applied to RGB images in [0,1]. none: unchanged;
/// caffe: x*255, RGB to BGR, minus 103.939, 116.779, 123.68; torch: (x
/// - mean) / deviation with means .485 .456 .406 and deviations .229 .224 .225; tf: x*2
/// - 1. @see keras.applications' preprocess_input and torchvision's weights.
enum class BackboneInput { none, caffe, torch, tf };

/// Keras and torchvision build some networks differently (biases, strides, epsilons). automatic: the variant
/// of the weights where their file is available; else Keras', or torchvision's where Keras lacks the network.
enum class BackboneVariant { automatic, keras, torch };

/// A tensor of a TorchScript file.
struct ScriptTensor {
  std::string name;  ///< Path in the module: "features.0.weight".
  std::vector<std::int64_t> shape;
  bool buffer = false;  ///< A buffer of the module (statistics, constants), never trained.
};

/// The convolutional part of an ImageNet network, or a TorchScript module. C,H,W -> C',H',W'.
/// @see model/backbones/backbone.h
struct BackboneSpec {
  std::string backbone;  ///< Canonical name, e.g. "vgg16", or "torchscript".
  std::string weights;   ///< A file, "random", or "" when not given.
  BackboneVariant variant = BackboneVariant::automatic;
  BackboneInput input = BackboneInput::none;
  std::vector<std::string> trainable;       ///< Globs on the names of its layers; empty: frozen.
  bool top = false;                         ///< SqueezeNet only: keeps the 1000 ImageNet outputs.
  std::vector<std::int64_t> feature_shape;  ///< TorchScript only: C,H,W of its output.
  std::vector<ScriptTensor> tensors;        ///< TorchScript only: filled in when the file is read.
};

using LayerKind = std::variant<FlattenSpec, ReshapeSpec, DenseSpec, Conv2dSpec, BatchNormSpec, MaxPool2dSpec,
                               AveragePool2dSpec, GlobalAveragePoolSpec, DropoutSpec, ActivationSpec,
                               ResizeSpec, BackboneSpec>;

struct LayerSpec {
  /// Unique; Keras-like and counted per type when not given (`conv2d_1`, `dense_2`; a backbone: `vgg16`).
  std::string name;
  LayerKind kind;
  bool trainable = true;  ///< Ignored for a backbone, which selects layers by BackboneSpec::trainable.
};

struct ModelSpec {
  std::vector<LayerSpec> layers;
};

}  // namespace svhn::model
