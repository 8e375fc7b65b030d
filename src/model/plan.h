#pragma once
/// What a described network is for a given input: every layer's shapes and every tensor it owns, without
/// LibTorch. C, H, W = channels, height, width; F = features. Shapes exclude the batch: [C,H,W] or [F].

#include <cstdint>
#include <string>
#include <vector>

#include "core/error.h"
#include "model/graph/layer_plan.h"
#include "model/graph/spec.h"

namespace svhn::model {

/// Numbers in all tensors, counted as Keras' summary does: running statistics are not trainable.
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
  std::int64_t outputs = 10;  ///< Numbers the last layer must give; 0: any shape.
  core::ExitCode code = core::ExitCode::config;
};

/// Works out a network. Names are filled in as `name_layers` does. Windows and strides as in Keras: `valid`
/// gives floor((side - window) / stride) + 1, `same` gives ceil(side / stride). Softmax stands in the last
/// layer only, where it is for reading: the network returns logits.
/// @param input C,H,W, each at least 1.
/// @throws core::Error(rules.code) that names layer and shapes: a layer that does not take its input, a
/// window larger than the input, sizes that are not positive or beyond the bounds, names twice or illegal, a
/// softmax before the end, a last layer that does not give `rules.outputs` numbers.
NetworkPlan plan_network(const ModelSpec& spec, const Shape& input, const PlanRules& rules = {});

}  // namespace svhn::model
