#pragma once
/// Lowers the layers of a network into its graph, without LibTorch. Shapes exclude the batch: [C,H,W]
/// (channels, height, width) or [F] (features).

#include <cstdint>

#include "core/error.h"
#include "model/graph/graph.h"

namespace svhn::model {

struct PlanRules {
  std::int64_t outputs = 10;                     ///< Required output size of the last layer; 0: any shape.
  core::ExitCode code = core::ExitCode::config;  ///< Of the errors that `plan_network` throws.
};

/// Builds the graph of a network and names its layers as `name_layers` does. A backbone becomes its nodes.
/// Windows follow Keras: `valid` gives floor((side - window) / stride) + 1, `same` gives ceil(side / stride).
/// Softmax is allowed in the last layer only and is not applied: the network returns logits.
/// @param input C,H,W, each at least 1.
/// @returns the graph, with its layers and counts.
/// @throws core::Error(rules.code) naming layer and shapes: a layer that does not accept its inputs, reads
/// from no earlier layer or is read by none, a window larger than the input, a size that is not positive or
/// too large, a repeated or invalid name, a softmax before the last layer, a last layer without
/// `rules.outputs` outputs.
Graph plan_network(const ModelSpec& spec, const Shape& input, const PlanRules& rules = {});

}  // namespace svhn::model
