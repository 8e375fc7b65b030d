#pragma once
/// The networks' graphs, one function a family. `input` is 3,H,W, not below the network's smallest side.

#include <algorithm>
#include <string>
#include <vector>

#include "model/graph/builder.h"
#include "model/graph/spec.h"

namespace svhn::model {

/// @param sizes convolutions or blocks of each stage. @param variant keras or torch.
Graph vgg_graph(const Shape& input, const std::vector<int>& sizes, BackboneVariant variant);
Graph resnet_graph(const Shape& input, const std::vector<int>& sizes, BackboneVariant variant);
Graph resnet_v2_graph(const Shape& input, const std::vector<int>& sizes, BackboneVariant variant);
Graph densenet_graph(const Shape& input, const std::vector<int>& sizes, BackboneVariant variant);
Graph inception_v3_graph(const Shape& input, const std::vector<int>& sizes, BackboneVariant variant);
Graph xception_graph(const Shape& input, const std::vector<int>& sizes, BackboneVariant variant);
Graph inception_resnet_graph(const Shape& input, const std::vector<int>& sizes, BackboneVariant variant);
/// @param sizes blocks of a stage, filters of the stem, filters of the last layer, 1 where a reduction cell
/// hides the layer before it from the next.
Graph nasnet_graph(const Shape& input, const std::vector<int>& sizes, BackboneVariant variant);
/// @param sizes 1 for the classifier on top.
Graph squeezenet_graph(const Shape& input, const std::vector<int>& sizes, BackboneVariant variant);

}  // namespace svhn::model
