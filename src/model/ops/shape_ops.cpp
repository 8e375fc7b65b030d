#include "model/ops/shape_ops.h"

namespace svhn::model {

using core::Fields;
using core::Need;

void ReshapeOp::describe(Fields& f) {
  f.list({"shape", "Output shape without the batch dimension.", Need::required}, shape, {1, 3},
         [](core::Visitor& v, std::int64_t& size) {
           v.integer(size, {1, kMaxUnits});
         });
}

LayerError ReshapeOp::infer(OpPlan& plan) const {
  for (const std::int64_t size : shape) {
    if (LayerError error = needs_positive(size, "a size of its shape")) return error;
  }
  const bool same =
      !shape.empty() && fits_bound(shape, kMaxActivations) && element_count(shape) == element_count(plan.x());
  if (!same) {
    return {"cannot give its input " + shape_text(plan.x()) + " the shape " + shape_text(shape),
            "both must hold the same number of elements"};
  }
  plan.output = shape;
  return {};
}

void ZeroPad2dOp::describe(Fields& f) {
  f.integer({"top", "Rows of zeros above the image."}, top, {0, kMaxSide});
  f.integer({"bottom", "Rows of zeros below the image."}, bottom, {0, kMaxSide});
  f.integer({"left", "Columns of zeros left of the image."}, left, {0, kMaxSide});
  f.integer({"right", "Columns of zeros right of the image."}, right, {0, kMaxSide});
}

LayerError ZeroPad2dOp::infer(OpPlan& plan) const {
  if (LayerError error = needs_image(plan)) return error;
  const Shape& x = plan.x();
  const ZeroPad2dOp pad = trimmed(x[1], x[2]);
  plan.output = {x[0], x[1] + pad.top + pad.bottom, x[2] + pad.left + pad.right};
  return {};
}

ZeroPad2dOp ZeroPad2dOp::trimmed(std::int64_t height, std::int64_t width) const {
  ZeroPad2dOp result = *this;
  if (trim_even && height % 2 == 0) --result.top;
  if (trim_even && width % 2 == 0) --result.left;
  return result;
}

void Crop2dOp::describe(Fields& f) {
  f.integer({"top", "Rows to remove at the top."}, top, {0, kMaxSide});
  f.integer({"bottom", "Rows to remove at the bottom."}, bottom, {0, kMaxSide});
  f.integer({"left", "Columns to remove at the left."}, left, {0, kMaxSide});
  f.integer({"right", "Columns to remove at the right."}, right, {0, kMaxSide});
}

LayerError Crop2dOp::infer(OpPlan& plan) const {
  if (LayerError error = needs_image(plan)) return error;
  const Shape& x = plan.x();
  plan.output = {x[0], x[1] - top - bottom, x[2] - left - right};
  if (plan.output[1] >= 1 && plan.output[2] >= 1) return {};
  return {"nothing would be left of its input " + shape_text(x), "remove fewer rows and columns"};
}

void ResizeOp::describe(Fields& f) {
  f.integer({"height", "Output height.", Need::required}, height, {1, kMaxSide});
  f.integer({"width", "Output width.", Need::required}, width, {1, kMaxSide});
}

LayerError ResizeOp::infer(OpPlan& plan) const {
  if (LayerError error = needs_image(plan)) return error;
  if (LayerError error = needs_positive(height, "height")) return error;
  if (LayerError error = needs_positive(width, "width")) return error;
  plan.output = {plan.x()[0], height, width};
  return {};
}

}  // namespace svhn::model
