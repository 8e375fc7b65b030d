#include "model/ops/pooling.h"

namespace svhn::model {
namespace {

LayerError infer_pool(OpPlan& plan, const Window& window) {
  const std::int64_t channels = plan.x().empty() ? 0 : plan.x()[0];
  return infer_window(plan, window.resolved(), channels, "size");
}

LayerError infer_global(OpPlan& plan) {
  if (LayerError error = needs_image(plan)) return error;
  plan.output = {plan.x()[0]};
  return {};
}

}  // namespace

LayerError MaxPool2dOp::infer(OpPlan& plan) const {
  return infer_pool(plan, window);
}

LayerError AveragePool2dOp::infer(OpPlan& plan) const {
  return infer_pool(plan, window);
}

LayerError GlobalAveragePoolOp::infer(OpPlan& plan) const {
  return infer_global(plan);
}

LayerError GlobalMaxPoolOp::infer(OpPlan& plan) const {
  return infer_global(plan);
}

}  // namespace svhn::model
