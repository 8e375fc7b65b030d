#include "model/ops/merging.h"

#include <algorithm>

namespace svhn::model {
namespace {

std::string inputs_text(const OpPlan& plan) {
  std::string text;
  for (const Shape& shape : plan.inputs) text += (text.empty() ? "" : ", ") + shape_text(shape);
  return text;
}

}  // namespace

LayerError AddOp::infer(OpPlan& plan) const {
  const auto same = [&](const Shape& shape) { return shape == plan.x(); };
  if (std::all_of(plan.inputs.begin(), plan.inputs.end(), same)) return keep_shape(plan);
  return {"cannot add inputs of different shapes: " + inputs_text(plan),
          "bring them to one shape, e.g. with a 1x1 convolution of the same stride"};
}

LayerError ConcatOp::infer(OpPlan& plan) const {
  Shape shape = plan.x();
  for (std::size_t i = 1; i < plan.inputs.size(); ++i) {
    const Shape& other = plan.inputs[i];
    if (other.size() != shape.size() || !std::equal(other.begin() + 1, other.end(), shape.begin() + 1)) {
      return {"cannot concatenate the channels of inputs of different sizes: " + inputs_text(plan),
              "bring them to one height and width"};
    }
    shape[0] += other[0];
  }
  plan.output = shape;
  return {};
}

}  // namespace svhn::model
