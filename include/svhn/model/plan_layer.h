#pragma once
/// One layer's output shape and tensors; the rules behind model/plan.h.

#include <cstdint>
#include <string>

#include "svhn/model/plan.h"

namespace svhn::model {

/// Why a layer cannot be built; no fault when `problem` is empty.
struct Fault {
  std::string problem;
  std::string hint;
};

/// Fills in `output` and `tensors` of a layer whose `layer` and `input` are set.
/// @returns what is wrong, if anything. Products may still be beyond the bounds, single sizes are not.
Fault plan_layer(LayerPlan& plan);

/// @returns whether every size is at least 1 and their product at most `bound`; safe from overflow.
bool fits_bound(const Shape& shape, std::int64_t bound);

}  // namespace svhn::model
