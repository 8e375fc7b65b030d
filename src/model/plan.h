#pragma once
/// The shapes and tensors of every layer of a network for a given input, without LibTorch. C, H, W =
/// channels, height, width; F = features. Shapes exclude the batch: [C,H,W] or [F].

#include <cstdint>
#include <string>
#include <vector>

#include "core/error.h"
#include "model/graph/layer_plan.h"
#include "model/graph/spec.h"

namespace svhn::model {

/// Number of elements in all tensors, counted as in Keras' summary: running statistics are not trainable.
struct ParameterCounts {
  std::int64_t total = 0;
  std::int64_t trainable = 0;
  std::int64_t non_trainable = 0;
};

struct NetworkPlan {
  Shape input;  ///< C,H,W
  std::vector<LayerPlan> layers;
  ParameterCounts counts;
};

struct PlanRules {
  std::int64_t outputs = 10;                     ///< Required output size of the last layer; 0: any shape.
  core::ExitCode code = core::ExitCode::config;  ///< Of the errors that `plan_network` throws.
};

/// Infers the shapes and tensors of one layer from `layer` and `input`, and sets `output` and `tensors`.
/// @returns why the layer cannot be built, if it cannot. Each dimension is checked; element counts may still
/// exceed kMaxActivations and kMaxParameters.
LayerError plan_layer(LayerPlan& plan);

/// Infers the shapes and tensors of a network and names its layers as `name_layers` does. Windows follow
/// Keras: `valid` gives floor((side - window) / stride) + 1, `same` gives ceil(side / stride). Softmax is
/// allowed in the last layer only and is not applied: the network returns logits.
/// @param input C,H,W, each at least 1.
/// @returns the plan of every layer.
/// @throws core::Error(rules.code) naming layer and shapes: a layer that does not accept its input, a window
/// larger than the input, a size that is not positive or too large, a repeated or invalid name, a softmax
/// before the last layer, a last layer without `rules.outputs` outputs.
NetworkPlan plan_network(const ModelSpec& spec, const Shape& input, const PlanRules& rules = {});

}  // namespace svhn::model
