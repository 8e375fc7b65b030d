#pragma once
/// Convolutional parts of ImageNet networks, under Keras' or torchvision's names. Shapes: [C,H,W].
/// Layers are called as Keras calls them (`block1_conv1`, `conv2_block1_1_conv`, counted ones from 1:
/// `conv2d_1`); SqueezeNet's as torchvision does (`features.0`). As part of a network their tensors are
/// `<layer>.<its layer>.<role>`: `vgg16.block1_conv1.weight`.
/// @see keras.applications; torchvision.models

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "model/graph/graph.h"
#include "model/graph/layer_plan.h"
#include "model/graph/spec.h"

namespace svhn::model {

inline constexpr std::string_view kTorchScript = "torchscript";

/// @returns every name a config may say, canonical ones (`inception_v3`) and Keras' spellings without '_'.
std::span<const std::string_view> backbone_names();

/// @returns the canonical form of one of `backbone_names()`.
std::string_view canonical_backbone(std::string_view name);

/// @returns every canonical name but `torchscript`.
std::vector<std::string_view> graph_backbones();

/// @returns whether a backbone of this canonical name exists in this variant (automatic: always).
bool has_variant(std::string_view name, BackboneVariant variant);

/// @returns the variant that a spec means: its own, or where that is automatic Keras', if Keras has the
/// network.
BackboneVariant variant_of(const BackboneSpec& spec);

/// @returns the least height and width that a backbone takes (Keras' own bounds; torchvision's for
/// SqueezeNet).
std::int64_t smallest_side(std::string_view name);

/// @param spec one that `check_backbone` has no fault to find in.
Graph backbone_graph(const BackboneSpec& spec, const Shape& input);

/// @returns what makes a backbone impossible for an input, if anything: unknown name or variant, other than 3
/// channels, too small an image, a `top` or `feature_shape` where there is none, a pattern that fits no
/// layer.
Fault check_backbone(const BackboneSpec& spec, const Shape& input);

/// @returns whether training changes the tensors of a node: whether one of the patterns fits either of its
/// names.
bool is_trainable(const BackboneSpec& spec, const Node& node);

/// @returns whether `text` fits a pattern in which '*' stands for anything and '?' for any one character.
bool glob_matches(std::string_view pattern, std::string_view text);

/// Fills in output and tensors of a layer that is a backbone, or says what is wrong.
Fault plan_backbone(LayerPlan& plan);

}  // namespace svhn::model
