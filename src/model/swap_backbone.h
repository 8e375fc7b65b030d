#pragma once
/// The place of a network's backbone, and other backbones in it.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "model/graph/spec.h"

namespace svhn::model {

/// @returns the indices of the layers that are backbones.
std::vector<std::size_t> backbone_layers(const ModelSpec& model);

/// @param place of a backbone. @param resize side of the square that images are resized to before it; unset:
/// they are not. @returns the model with another backbone there; layers after it are as they were.
ModelSpec with_backbone(ModelSpec model, std::size_t place, const BackboneSpec& backbone,
                        std::optional<std::int64_t> resize);

}  // namespace svhn::model
