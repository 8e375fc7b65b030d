#pragma once
/// One layer's output shape and tensors; the rules behind model/plan.h.

#include "model/graph/layer_plan.h"

namespace svhn::model {

/// Fills in `output` and `tensors` of a layer whose `layer` and `input` are set.
/// @returns what is wrong, if anything. Products may still be beyond the bounds, single sizes are not.
Fault plan_layer(LayerPlan& plan);

}  // namespace svhn::model
