#pragma once
/// What every op consists of. An op is a struct with its fields, a row of facts (`kInfo`), its JSON keys
/// (`describe`), and its shape rule and tensors (`infer`). model/ops/operation.h lists all ops;
/// network/ops/ runs them. C, H, W = channels, height, width; F = features. Shapes exclude the batch.

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/fields.h"
#include "model/ops/shape.h"

namespace svhn::model {

enum class Activation {
  linear,
  relu,
  selu,
  tanh,
  sigmoid,
  elu,
  gelu,
  swish,
  softmax,
  relu6,
  softplus,
  softsign,
  hard_sigmoid,
  hard_swish,
  mish
};

inline constexpr std::array<core::Name<Activation>, 15> kActivations{
    {{Activation::linear, "linear"},
     {Activation::relu, "relu"},
     {Activation::selu, "selu"},
     {Activation::tanh, "tanh"},
     {Activation::sigmoid, "sigmoid"},
     {Activation::elu, "elu"},
     {Activation::gelu, "gelu"},
     {Activation::swish, "swish"},
     {Activation::softmax, "softmax"},
     {Activation::relu6, "relu6"},
     {Activation::softplus, "softplus"},
     {Activation::softsign, "softsign"},
     {Activation::hard_sigmoid, "hard_sigmoid"},
     {Activation::hard_swish, "hard_swish"},
     {Activation::mish, "mish"}}};

/// Zero padding of a window's input. valid: none; same: TensorFlow's rule, ceil(side / stride)
/// outputs, an odd row or column goes to the end; half: (kernel - 1) / 2 on each side for an odd kernel, as
/// in PyTorch's networks and Keras' ZeroPadding2D.
enum class WindowPad { valid, same, half };

inline constexpr std::array<core::Name<WindowPad>, 3> kPaddings{
    {{WindowPad::valid, "valid"}, {WindowPad::same, "same"}, {WindowPad::half, "half"}}};

/// A sliding window, in pixels.
struct Window {
  std::int64_t height = 1;
  std::int64_t width = 0;   ///< 0: as the height.
  std::int64_t stride = 1;  ///< 0: as the height (pooling).
  WindowPad pad = WindowPad::valid;
  bool ceil = false;          ///< PyTorch's ceil_mode: the last window may extend past the padded end.
  std::int64_t dilation = 1;  ///< Distance of the kernel's elements.

  /// @returns the height and width that a dilated window covers.
  [[nodiscard]] std::int64_t covered_height() const { return (height - 1) * dilation + 1; }
  [[nodiscard]] std::int64_t covered_width() const { return (width - 1) * dilation + 1; }
  /// @returns the window with every 0 replaced by what it stands for.
  [[nodiscard]] Window resolved() const {
    Window window = *this;
    if (window.width == 0) window.width = height;
    if (window.stride == 0) window.stride = height;
    return window;
  }
};

constexpr Window square(std::int64_t side, std::int64_t stride = 1, WindowPad pad = WindowPad::valid) {
  return {side, side, stride, pad, false, 1};
}

/// Rows (or columns) of zeros before and after an image.
struct PadAmount {
  std::int64_t before = 0;
  std::int64_t after = 0;
};

/// @param size height (or width) of the image in pixels. @param kernel,stride the window's, in pixels; the
/// kernel with its dilation.
/// @returns the padding that the window needs along this dimension.
PadAmount window_padding(WindowPad pad, std::int64_t size, std::int64_t kernel, std::int64_t stride);

/// How an op acts on a x + b, with a and b per channel, in inference. Batch-norm folding relies on it.
enum class AffineRule {
  none,        ///< None of the below.
  identity,    ///< The op does nothing in inference.
  mean,        ///< Each output is a weighted mean of inputs of its channel: f(a x + b) = a f(x) + b.
  increasing,  ///< f(a x + b) = a f(x) + b where no a is negative.
  flatten      ///< A channel's numbers stay together, in the order of the channels.
};

/// The facts of an op.
struct OpInfo {
  std::string_view type;       ///< JSON "type".
  bool in_json = true;         ///< False: only part of a backbone.
  std::size_t min_inputs = 1;  ///< More than 1: a layer must name its "inputs".
  std::size_t max_inputs = 1;
  AffineRule affine = AffineRule::none;
  std::string_view keras = {};  ///< Class of the same layer in Keras, if any.
  std::string_view onnx = {};   ///< Operator of ONNX (opset 17), if one alone does it.
};

/// A tensor of an op: the name's suffix, shape, role and penalties.
struct OpTensor {
  std::string suffix;  ///< "weight", "bias", "running_mean" …
  Shape shape;
  TensorRole role = TensorRole::kernel;
  double l1 = 0.0;
  double l2 = 0.0;
};

/// The shapes of a node while its output is inferred.
struct OpPlan {
  std::vector<Shape> inputs;
  Shape output;
  std::vector<OpTensor> tensors;

  [[nodiscard]] const Shape& x() const { return inputs.front(); }
};

/// Checks that `infer` of the ops shares; false in a condition where the input is accepted.
LayerError needs_vector(const OpPlan& plan);
LayerError needs_image(const OpPlan& plan);
LayerError needs_positive(std::int64_t value, const char* what);

/// Checks a resolved window and its input, and sets `output` to `channels` and the number of window positions
/// along height and width. @param name of the window's side in messages.
LayerError infer_window(OpPlan& plan, const Window& window, std::int64_t channels, const char* name);

/// Sets the output to the input's shape.
LayerError keep_shape(OpPlan& plan);

inline constexpr std::int64_t kMaxUnits = 1'000'000;
inline constexpr std::int64_t kMaxSide = 16'384;  // Of windows, strides and images.

/// JSON keys that several ops have.
void describe_activation(core::Fields& fields, Activation& activation);
void describe_penalties(core::Fields& fields, double& l1, double& l2);
/// Keys of a convolution: "kernel", "kernel_width", "stride", "padding", "dilation".
void describe_kernel(core::Fields& fields, Window& window);
/// Keys of a pooling: "size", "stride", "padding".
void describe_pool(core::Fields& fields, Window& window);
/// @param size visited as an integer of `key`, left out of written JSON where it is `preset`.
void describe_sparse(core::Fields& fields, const core::Key& key, std::int64_t& size, std::int64_t preset,
                     core::IntegerRange range);
/// The same for a choice.
template <class Value, std::size_t N>
void describe_sparse(core::Fields& fields, const core::Key& key, Value& value, Value preset,
                     const std::array<core::Name<Value>, N>& names) {
  fields.sparse(key, value == preset, [&](core::Visitor& visitor) { core::choose(visitor, value, names); });
}

/// @returns the JSON name of an activation: "linear", "relu", "selu" …
std::string_view activation_name(Activation activation);

}  // namespace svhn::model
