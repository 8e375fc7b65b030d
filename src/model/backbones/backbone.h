#pragma once
/// Convolutional parts of ImageNet networks. Shapes: [C,H,W]. Layers have Keras' names (`block1_conv1`,
/// `conv2_block1_1_conv`; numbered ones count from 1: `conv2d_1`); SqueezeNet's have torchvision's
/// (`features.0`). In a network their tensors are `<layer>.<inner layer>.<role>`:
/// `vgg16.block1_conv1.weight`.
/// @see keras.applications; torchvision.models

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "model/graph/graph.h"
#include "model/graph/spec.h"

namespace svhn::model {

inline constexpr std::string_view kTorchScript = "torchscript";

/// @returns every name that a config may use: canonical ones (`inception_v3`)
/// and Keras' spellings without '_'.
std::span<const std::string_view> backbone_names();

/// @param name one of `backbone_names()`.
/// @returns its canonical form; a name that is no alias is returned unchanged.
std::string_view canonical_backbone(std::string_view name);

/// @returns every canonical name except `torchscript`.
std::vector<std::string_view> graph_backbones();

/// @returns whether a backbone of this canonical name exists in this variant (automatic: always).
bool has_variant(std::string_view name, BackboneVariant variant);

/// @returns the spec's variant; automatic becomes Keras' where Keras has the network, else torchvision's.
BackboneVariant variant_of(const BackboneSpec& spec);

/// @returns the scaling of the input with which a backbone's published weights were trained: Keras'
/// `preprocess_input`, or torchvision's transforms for the variant torch. @param name canonical.
BackboneInput native_input(std::string_view name, BackboneVariant variant);

/// @returns the smallest height and width in pixels that a backbone accepts: Keras'
/// bounds, torchvision's for SqueezeNet.
std::int64_t smallest_side(std::string_view name);

/// Builds a backbone's graph alone, its nodes under their own names.
/// @param spec,input a pair that passes `check_backbone`.
Graph backbone_graph(const BackboneSpec& spec, const Shape& input);

/// @returns why a backbone cannot be built for an input, if it cannot: an unknown name or variant, not 3
/// channels, too small an image, an unsupported `top` or `feature_shape`, a pattern that matches no layer.
LayerError check_backbone(const BackboneSpec& spec, const Shape& input);

/// @returns whether a node is trained: whether one of the spec's patterns matches one of its names.
bool is_trainable(const BackboneSpec& spec, const Node& node);

/// Where a backbone goes in a network.
struct BackbonePlace {
  std::string layer;      ///< Name of the layer, the prefix of its nodes' names.
  NodeId input = 0;       ///< The node that it reads.
  std::size_t index = 0;  ///< Of the layer in the network.
};

/// Adds the nodes of a layer that is a backbone, and makes its name canonical and its variant definite.
/// @returns why it cannot be built, if it cannot.
LayerError add_backbone(GraphBuilder& builder, BackboneSpec& spec, const BackbonePlace& place);

/// @returns whether `text` matches a glob pattern: '*' is any text, '?' any one character.
bool glob_matches(std::string_view pattern, std::string_view text);

}  // namespace svhn::model
