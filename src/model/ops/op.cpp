#include "model/ops/op.h"

#include <algorithm>
#include <functional>
#include <numeric>

namespace svhn::model {
namespace {

using core::between;
using core::Fields;

std::int64_t window_steps(std::int64_t size, std::int64_t kernel, const Window& window) {
  const PadAmount pad = window_padding(window.pad, size, kernel, window.stride);
  const std::int64_t slack = size + pad.before + pad.after - kernel + (window.ceil ? window.stride - 1 : 0);
  if (slack < 0) return 0;
  const std::int64_t steps = slack / window.stride;
  // As in PyTorch, ceil_mode never adds a window that would start in the padding after the image.
  const bool outside = window.ceil && steps * window.stride >= size + pad.before;
  return steps + (outside ? 0 : 1);
}

constexpr const char* kPaddingText =
    "valid: no padding; same: padding to an output side of ceil(side / stride), an odd row or column at the "
    "end; half: half a kernel on each side, as in PyTorch.";

std::string input_text(const OpPlan& plan) {
  return "but its input is " + shape_text(plan.x());
}

}  // namespace

std::int64_t element_count(const Shape& shape) {
  return std::accumulate(shape.begin(), shape.end(), std::int64_t{1}, std::multiplies<>());
}

std::string shape_text(const Shape& shape) {
  std::string text = "[";
  for (std::size_t i = 0; i < shape.size(); ++i)
    text.append(i == 0 ? "" : ",").append(std::to_string(shape[i]));
  return text + "]";
}

bool fits_bound(const Shape& shape, std::int64_t bound) {
  std::int64_t product = 1;
  for (const std::int64_t size : shape) {
    if (size < 1 || size > bound / product) return false;
    product *= size;
  }
  return true;
}

PadAmount window_padding(WindowPad pad, std::int64_t size, std::int64_t kernel, std::int64_t stride) {
  if (pad == WindowPad::valid) return {};
  if (pad == WindowPad::half) return {kernel / 2, kernel / 2};
  const std::int64_t covered = ((size + stride - 1) / stride - 1) * stride + kernel;
  const std::int64_t total = std::max<std::int64_t>(0, covered - size);
  return {total / 2, total - total / 2};
}

LayerError needs_vector(const OpPlan& plan) {
  if (plan.x().size() == 1) return {};
  return {"needs a vector, " + input_text(plan), "put a flatten layer before it"};
}

LayerError needs_image(const OpPlan& plan) {
  if (plan.x().size() == 3) return {};
  return {"needs an image [channels,height,width], " + input_text(plan),
          "put it before the flatten layer, or a reshape layer before it"};
}

LayerError needs_positive(std::int64_t value, const char* what) {
  if (value >= 1 && value <= kMaxSize) return {};
  return {std::string(what) + " is " + std::to_string(value) + ", expected 1 or more", "correct the layer"};
}

LayerError infer_window(OpPlan& plan, const Window& window, std::int64_t channels, const char* name) {
  if (LayerError error = needs_image(plan)) return error;
  if (LayerError error = needs_positive(window.height, name)) return error;
  if (LayerError error = needs_positive(window.width, name)) return error;
  if (LayerError error = needs_positive(window.stride, "stride")) return error;
  if (LayerError error = needs_positive(window.dilation, "dilation")) return error;
  const Shape& x = plan.x();
  plan.output = {channels, window_steps(x[1], window.covered_height(), window),
                 window_steps(x[2], window.covered_width(), window)};
  if (plan.output[1] >= 1 && plan.output[2] >= 1) return {};
  return {"its " + std::to_string(window.covered_height()) + "x" + std::to_string(window.covered_width()) +
              " window is larger than its input " + shape_text(x),
          "use a smaller window, \"padding\": \"same\" or fewer pooling layers"};
}

LayerError keep_shape(OpPlan& plan) {
  plan.output = plan.x();
  return {};
}

void describe_activation(Fields& f, Activation& activation) {
  f.choice({"activation", "Activation function; softmax in the last layer only."}, activation, kActivations);
}

void describe_penalties(Fields& f, double& l1, double& l2) {
  f.number({"l1", "L1 penalty: this times the sum of the weight's absolute values."}, l1, between(0.0, 1e6));
  f.number({"l2", "L2 penalty: this times the sum of the weight's squares."}, l2, between(0.0, 1e6));
}

void describe_sparse(Fields& f, const core::Key& key, std::int64_t& size, std::int64_t preset,
                     core::IntegerRange range) {
  f.sparse(key, size == preset, [&](core::Visitor& visitor) { visitor.integer(size, range); });
}

void describe_kernel(Fields& f, Window& window) {
  f.integer({"kernel", "Side of the square kernel."}, window.height, {1, kMaxSide});
  describe_sparse(f, {"kernel_width", "Width of the kernel; 0: square."}, window.width, 0, {0, kMaxSide});
  f.integer({"stride", "Stride."}, window.stride, {1, kMaxSide});
  f.choice({"padding", kPaddingText}, window.pad, kPaddings);
  describe_sparse(f, {"dilation", "Distance of the kernel's elements; 1: none between them."},
                  window.dilation, 1, {1, kMaxSide});
}

void describe_pool(Fields& f, Window& window) {
  f.integer({"size", "Side of the square window."}, window.height, {1, kMaxSide});
  describe_sparse(f, {"width", "Width of the window; 0: square."}, window.width, 0, {0, kMaxSide});
  f.integer({"stride", "Stride of the window; 0: its size."}, window.stride, {0, kMaxSide});
  f.choice({"padding", kPaddingText}, window.pad, kPaddings);
}

std::string_view activation_name(Activation activation) {
  return core::name_of(kActivations, activation);
}

}  // namespace svhn::model
