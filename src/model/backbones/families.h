#pragma once
/// Builds the graph of each backbone family. `input` is [3,H,W] with H and W at least `smallest_side`.

#include <algorithm>
#include <string>
#include <vector>

#include "model/graph/graph.h"
#include "model/graph/spec.h"

namespace svhn::model {

/// @param sizes convolutions or blocks in each stage. @param variant keras or torch.
Graph vgg_graph(const Shape& input, const std::vector<int>& sizes, BackboneVariant variant);
Graph resnet_graph(const Shape& input, const std::vector<int>& sizes, BackboneVariant variant);
Graph resnet_v2_graph(const Shape& input, const std::vector<int>& sizes, BackboneVariant variant);
Graph densenet_graph(const Shape& input, const std::vector<int>& sizes, BackboneVariant variant);
Graph inception_v3_graph(const Shape& input, const std::vector<int>& sizes, BackboneVariant variant);
Graph xception_graph(const Shape& input, const std::vector<int>& sizes, BackboneVariant variant);
Graph inception_resnet_graph(const Shape& input, const std::vector<int>& sizes, BackboneVariant variant);
/// @param sizes blocks in a stage, filters of the stem, filters of the last layer, and 1 for Keras'
/// skip_reduction: the cell after a reduction cell shares its second input.
Graph nasnet_graph(const Shape& input, const std::vector<int>& sizes, BackboneVariant variant);
/// @param sizes {1} with the classifier on top, {0} without.
Graph squeezenet_graph(const Shape& input, const std::vector<int>& sizes, BackboneVariant variant);

}  // namespace svhn::model
