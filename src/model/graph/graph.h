#pragma once
/// A network with branches as plain data, without LibTorch: nodes in an order in which each comes after its
/// inputs. C, H, W = channels, height, width. Shapes exclude the batch: [C,H,W] or [C].

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "model/graph/layer_plan.h"
#include "model/graph/spec.h"

namespace svhn::model {

/// Zeros around a window's input. valid: none; same: TensorFlow's, ceil(side / stride) results, an odd one at
/// the end; half: kernel / 2 on each side, as PyTorch's networks and Keras' ZeroPadding2D have it.
enum class WindowPad { valid, same, half };

struct Window {
  std::int64_t height = 1;
  std::int64_t width = 1;
  std::int64_t stride = 1;
  WindowPad pad = WindowPad::valid;
  bool ceil = false;  ///< A last window may hang over the end (PyTorch's ceil_mode).
};

constexpr Window square(std::int64_t side, std::int64_t stride = 1, WindowPad pad = WindowPad::valid) {
  return {side, side, stride, pad, false};
}

/// "weight" [filters,C,kh,kw], and "bias" [filters].
struct ConvOp {
  std::int64_t filters = 0;
  Window window;
  bool bias = false;
  Activation activation = Activation::linear;
};

/// Each channel by itself, then 1x1: "depthwise.weight" [C,1,kh,kw], "pointwise.weight" [filters,C,1,1].
struct SeparableConvOp {
  std::int64_t filters = 0;
  Window window;
};

/// "weight" (where `scale`), "bias", "running_mean", "running_var", each [C].
struct BatchNormOp {
  double epsilon = 1e-3;
  double momentum = 0.99;  ///< Share of the old statistics that stays, as in BatchNormSpec.
  bool scale = true;
};

struct ActivationOp {
  Activation activation = Activation::relu;
};

struct MaxPoolOp {
  Window window;
};

struct AveragePoolOp {
  Window window;
  bool count_padding = false;  ///< PyTorch's count_include_pad; TensorFlow divides by the real pixels alone.
};

/// Zeros around the image. trim_even: one less at the top where the height is even, likewise at the left
/// (Keras' correct_pad).
struct ZeroPadOp {
  std::int64_t top = 0;
  std::int64_t bottom = 0;
  std::int64_t left = 0;
  std::int64_t right = 0;
  bool trim_even = false;
};

/// Takes away rows at the top and columns at the left.
struct CropOp {
  std::int64_t top = 0;
  std::int64_t left = 0;
};

/// The first input plus `scale` times the second.
struct AddOp {
  double scale = 1.0;
};

/// Channels of all inputs behind each other.
struct ConcatOp {};

/// C,H,W -> C, the mean.
struct GlobalAverageOp {};

/// The graph's input; node 0 and no other.
struct InputOp {};

using Operation = std::variant<InputOp, ConvOp, SeparableConvOp, BatchNormOp, ActivationOp, MaxPoolOp,
                               AveragePoolOp, ZeroPadOp, CropOp, AddOp, ConcatOp, GlobalAverageOp>;

using NodeId = std::size_t;

struct Node {
  std::string name;   ///< Keras' name of the layer; "" for some without tensors.
  std::string torch;  ///< torchvision's name of the module, where it has this network.
  Operation operation;
  std::vector<NodeId> inputs;
  Shape output;
};

/// The last node's output is the graph's.
struct Graph {
  std::vector<Node> nodes;
};

/// What a node's tensors are called behind its name, their shapes and what they are for.
struct NodeTensor {
  const char* role;  ///< "weight", "bias" …
  Shape shape;
  TensorRole use = TensorRole::kernel;
};

/// @returns the tensors of node `id`, in a fixed order; empty for those without.
std::vector<NodeTensor> node_tensors(const Graph& graph, NodeId id);

/// @returns rows (or columns) of zeros before and behind `size` pixels. @param kernel,stride the window's.
struct PadAmount {
  std::int64_t before = 0;
  std::int64_t after = 0;
};
PadAmount window_padding(WindowPad pad, std::int64_t size, std::int64_t kernel, std::int64_t stride);

/// @returns how much a ZeroPadOp adds to an image of [C,H,W] at top, bottom, left, right.
ZeroPadOp zero_padding(const ZeroPadOp& pad, std::int64_t height, std::int64_t width);

}  // namespace svhn::model
