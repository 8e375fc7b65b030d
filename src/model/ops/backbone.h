#pragma once
/// Layers that stand for ImageNet networks, and the ops that only those have. C, H, W = channels, height,
/// width.

#include "model/ops/op.h"

namespace svhn::model {

/// Input normalization that a backbone's weights expect, applied to RGB images in [0,1]. none: unchanged;
/// caffe: x*255, RGB to BGR, minus 103.939, 116.779, 123.68; torch: (x - mean) / deviation with means .485
/// .456 .406 and deviations .229 .224 .225; tf: x*2 - 1.
/// @see keras.applications' preprocess_input and torchvision's weights.
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

/// The convolutional part of an ImageNet network, or a TorchScript module. C,H,W -> C',H',W'. A composite:
/// model/plan.h replaces it by the nodes of its network. @see model/backbones/backbone.h
struct BackboneSpec {
  std::string backbone;  ///< Canonical name, e.g. "vgg16", or "torchscript".
  std::string weights;   ///< A file, "random", or "" when not given.
  BackboneVariant variant = BackboneVariant::automatic;
  BackboneInput input = BackboneInput::none;
  std::vector<std::string> trainable;       ///< Globs on the names of its layers; empty: frozen.
  bool top = false;                         ///< SqueezeNet only: keeps the 1000 ImageNet outputs.
  std::vector<std::int64_t> feature_shape;  ///< TorchScript only: C,H,W of its output.
  std::vector<ScriptTensor> tensors;        ///< TorchScript only: filled in when the file is read.

  static constexpr OpInfo kInfo{.type = "backbone"};
};

/// Brings RGB images in [0,1] to what a backbone's weights expect.
struct ImagenetInputOp {
  BackboneInput input = BackboneInput::none;

  static constexpr OpInfo kInfo{.type = "imagenet_input", .in_json = false};
  LayerError infer(OpPlan& plan) const { return keep_shape(plan); }
};

/// A TorchScript module as one node; its tensors are those of the file.
struct ScriptOp {
  BackboneSpec spec;

  static constexpr OpInfo kInfo{.type = "torchscript", .in_json = false};
  LayerError infer(OpPlan& plan) const {
    plan.output = spec.feature_shape;
    for (const ScriptTensor& tensor : spec.tensors) {
      // Roles without random initial values: the values come from the file.
      const TensorRole role = tensor.buffer ? TensorRole::running_mean : TensorRole::beta;
      plan.tensors.push_back({tensor.name, tensor.shape, role});
    }
    return {};
  }
};

}  // namespace svhn::model
