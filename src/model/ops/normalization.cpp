#include "model/ops/normalization.h"

#include <algorithm>

namespace svhn::model {

using core::Fields;
using core::Need;

namespace {

constexpr std::size_t kMostChannels = 100'000;

LayerError needs_channels(const OpPlan& plan) {
  if (plan.x().size() != 2) return {};
  return {"needs an image or a vector, but its input is " + shape_text(plan.x()),
          "put a reshape or flatten layer before it"};
}

}  // namespace

void BatchNormOp::describe(Fields& f) {
  f.number({"momentum", "Decay of the running statistics (Keras' momentum, 1 - PyTorch's)."}, momentum,
           core::below(0.0, 1.0));
  f.number({"epsilon", "Added to the variance."}, epsilon, core::above(0.0, 1.0));
}

LayerError BatchNormOp::infer(OpPlan& plan) const {
  if (LayerError error = needs_channels(plan)) return error;
  plan.output = plan.x();
  const Shape shape{plan.x()[0]};
  if (scale) plan.tensors.push_back({"weight", shape, TensorRole::gamma});
  plan.tensors.push_back({"bias", shape, TensorRole::beta});
  plan.tensors.push_back({"running_mean", shape, TensorRole::running_mean});
  plan.tensors.push_back({"running_var", shape, TensorRole::running_var});
  return {};
}

void LayerNormOp::describe(Fields& f) {
  f.number({"epsilon", "Added to the variance."}, epsilon, core::above(0.0, 1.0));
}

LayerError LayerNormOp::infer(OpPlan& plan) const {
  if (LayerError error = needs_channels(plan)) return error;
  plan.output = plan.x();
  const Shape shape{plan.x()[0]};
  plan.tensors = {{"weight", shape, TensorRole::gamma}, {"bias", shape, TensorRole::beta}};
  return {};
}

void RescaleOp::describe(Fields& f) {
  f.number({"scale", "Factor.", Need::required}, scale, core::between(-1e6, 1e6));
  f.number({"offset", "Added after the factor."}, offset, core::between(-1e6, 1e6));
}

void NormalizeOp::describe(Fields& f) {
  const auto number = [](core::Visitor& v, double& value) { v.number(value, core::between(-1e6, 1e6)); };
  const auto positive = [](core::Visitor& v, double& value) { v.number(value, core::above(0.0, 1e6)); };
  f.list({"mean", "Subtracted: one number, or one for each channel.", Need::required}, mean,
         {1, kMostChannels}, number);
  f.list({"deviation", "Divides: one number, or one for each channel.", Need::required}, deviation,
         {1, kMostChannels}, positive);
}

LayerError NormalizeOp::infer(OpPlan& plan) const {
  if (LayerError error = needs_channels(plan)) return error;
  const auto channels = static_cast<std::size_t>(plan.x()[0]);
  for (const auto* list : {&mean, &deviation}) {
    if (list->size() == 1 || list->size() == channels) continue;
    return {"has " + std::to_string(list->size()) + " numbers for its input " + shape_text(plan.x()),
            "give one number, or one for each channel"};
  }
  return keep_shape(plan);
}

}  // namespace svhn::model
