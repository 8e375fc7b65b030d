#include "network/ops/tensor_ops.h"

#include <array>
#include <limits>
#include <vector>

#include "kernels/small_convolution.h"
#include "kernels/winograd/winograd.h"

namespace svhn::network {
namespace {

using torch::Tensor;
using Sides = std::array<std::int64_t, 2>;  // Height, width.

struct Pads {
  model::PadAmount rows;
  model::PadAmount columns;

  [[nodiscard]] bool symmetric() const {
    return rows.before == rows.after && columns.before == columns.after;
  }
};

Pads pads_of(const Tensor& x, const model::Window& window) {
  return {model::window_padding(window.pad, x.size(2), window.covered_height(), window.stride),
          model::window_padding(window.pad, x.size(3), window.covered_width(), window.stride)};
}

/// bfloat16 kernels, and float32 kernels of the processor, are fastest in channels-last order.
Tensor in_fastest_layout(const Tensor& x) {
  const bool narrow = x.scalar_type() == torch::kBFloat16;
  const bool wide = x.scalar_type() == torch::kFloat32 && x.device().is_cpu();
  return narrow || wide ? x.contiguous(at::MemoryFormat::ChannelsLast) : x;
}

Tensor pad(const Tensor& x, const Pads& pads, double value) {
  return at::constant_pad_nd(x, {pads.columns.before, pads.columns.after, pads.rows.before, pads.rows.after},
                             value);
}

}  // namespace

Tensor in_dtype_of(const Tensor& weight, const Tensor& input) {
  return weight.defined() ? weight.to(input.scalar_type()) : weight;
}

std::optional<kernels::BlockActivation> block_activation(model::Activation activation) {
  switch (activation) {
    case model::Activation::linear:
    case model::Activation::softmax:
      return kernels::BlockActivation::linear;
    case model::Activation::relu:
      return kernels::BlockActivation::relu;
    case model::Activation::elu:
      return kernels::BlockActivation::elu;
    case model::Activation::selu:
      return kernels::BlockActivation::selu;
    case model::Activation::tanh:
    case model::Activation::sigmoid:
    case model::Activation::gelu:
    case model::Activation::swish:
    case model::Activation::relu6:
    case model::Activation::softplus:
    case model::Activation::softsign:
    case model::Activation::hard_sigmoid:
    case model::Activation::hard_swish:
    case model::Activation::mish:
      break;
  }
  return std::nullopt;
}

Tensor activate(const Tensor& x, model::Activation activation) {
  switch (activation) {
    case model::Activation::relu:
      return at::relu(x);
    case model::Activation::selu:
      return at::selu(x);
    case model::Activation::tanh:
      return at::tanh(x);
    case model::Activation::sigmoid:
      return at::sigmoid(x);
    case model::Activation::elu:
      return at::elu(x);
    case model::Activation::gelu:
      return at::gelu(x);
    case model::Activation::swish:
      return at::silu(x);
    case model::Activation::relu6:
      return at::clamp(x, 0.0, 6.0);
    case model::Activation::softplus:
      return at::softplus(x);
    case model::Activation::softsign:
      return x / (at::abs(x) + 1.0);
    case model::Activation::hard_sigmoid:
      return at::hardsigmoid(x);
    case model::Activation::hard_swish:
      return at::hardswish(x);
    case model::Activation::mish:  // LibTorch 1.13 has none of bfloat16 on the processor.
      return at::mish(x.scalar_type() == torch::kBFloat16 ? x.to(torch::kFloat32) : x).to(x.scalar_type());
    case model::Activation::linear:
    case model::Activation::softmax:
      break;  // Networks return logits.
  }
  return x;
}

Tensor activate_in_place(const Tensor& x, model::Activation activation) {
  if (activation != model::Activation::relu || x.requires_grad()) return activate(x, activation);
  return at::relu_(const_cast<Tensor&>(x));
}

bool is_unshared(const Tensor& x) {
  return x.use_count() == 1 && x.storage().use_count() == 1;
}

Tensor convolve(const Tensor& x, const Tensor& weight, const Tensor& bias, const model::Window& window,
                std::int64_t groups) {
  const Pads pads = pads_of(x, window);
  const bool symmetric = pads.symmetric();  // The convolution pads by itself.
  const bool uniform = symmetric && window.dilation == 1 && pads.rows.before == pads.columns.before &&
                       pads.rows.before < window.height;
  if (uniform && groups == 1 && window.stride == 1 && window.height == window.width &&
      kernels::small_convolution_supports(x, weight)) {
    return kernels::small_convolution(x, weight, bias, pads.rows.before);
  }
  if (uniform && groups == 1 && window.stride == 1 && kernels::winograd_supports(x, weight)) {
    return kernels::winograd_convolution(x, weight, bias, pads.rows.before);
  }
  const Sides stride{window.stride, window.stride}, dilation{window.dilation, window.dilation};
  const Sides padding{symmetric ? pads.rows.before : 0, symmetric ? pads.columns.before : 0};
  const Tensor in = in_fastest_layout(x);
  // LibTorch 1.13 has no gradient for an empty batch and a kernel in channels-last order.
  const Tensor kernel = in_dtype_of(x.numel() == 0 ? weight.contiguous() : weight, x);
  return at::conv2d(symmetric ? in : pad(in, pads, 0.0), kernel, in_dtype_of(bias, x),
                    at::IntArrayRef(stride), at::IntArrayRef(padding), at::IntArrayRef(dilation), groups);
}

Tensor max_pool(const Tensor& x, const model::Window& window) {
  const Pads pads = pads_of(x, window);
  const Sides kernel{window.height, window.width}, stride{window.stride, window.stride};
  if (pads.symmetric()) {
    return at::max_pool2d(x, kernel, stride, {pads.rows.before, pads.columns.before}, {1, 1}, window.ceil);
  }
  constexpr double kLowest = -std::numeric_limits<double>::infinity();
  return at::max_pool2d(pad(x, pads, kLowest), kernel, stride);
}

Tensor average_pool(const Tensor& x, const model::Window& window, bool count_padding) {
  const Pads pads = pads_of(x, window);
  const Sides kernel{window.height, window.width}, stride{window.stride, window.stride};
  if (pads.symmetric()) {
    return at::avg_pool2d(x, kernel, stride, {pads.rows.before, pads.columns.before}, window.ceil,
                          count_padding);
  }
  const Tensor mean = at::avg_pool2d(pad(x, pads, 0.0), kernel, stride);
  if (count_padding) return mean;
  // Divide by the fraction of pixels inside the image.
  const Tensor ones = at::ones({1, 1, x.size(2), x.size(3)}, x.options());
  return mean / at::avg_pool2d(pad(ones, pads, 0.0), kernel, stride);
}

BatchNormState batch_norm_state(const model::BatchNormOp& op, const NodeState& node) {
  const std::size_t first = op.scale ? 1 : 0;
  return {op.scale ? node.tensors[0] : Tensor(),
          node.tensors[first],
          node.tensors[first + 1],
          node.tensors[first + 2],
          op.epsilon,
          op.momentum,
          node.biased_variance};
}

void update_running_statistics(const BatchNormState& norm, const Tensor& mean, const Tensor& variance,
                               std::int64_t count) {
  const torch::NoGradGuard no_grad;
  const auto n = static_cast<double>(count);
  // The batch's tensors are saved for backward and must not change. A single value has no corrected variance;
  // its biased one is 0.
  const double factor = norm.biased_variance ? (n - 1.0) / n : 1.0;
  const Tensor kept = count == 1 ? at::zeros_like(variance) : variance * factor;
  // Tensor handles are shared with the network's list of tensors.
  Tensor running_mean = norm.mean, running_variance = norm.variance;
  running_mean.mul_(norm.momentum).add_(mean, 1.0 - norm.momentum);
  running_variance.mul_(norm.momentum).add_(kept, 1.0 - norm.momentum);
}

Tensor normalize(const Tensor& x, const BatchNormState& norm, bool training,
                 distributed::ProcessGroup* group) {
  if (training && group != nullptr) return sync_batch_norm(x, norm, *group);
  // An empty shard of a batch has no statistics.
  if (!training || x.numel() == 0) {
    return at::batch_norm(x, norm.weight, norm.bias, norm.mean, norm.variance, false, 0.0, norm.epsilon,
                          true);
  }
  // With a momentum of 1 the scratch tensors receive this batch's statistics.
  Tensor mean = at::zeros_like(norm.mean), variance = at::zeros_like(norm.variance);
  Tensor y = at::batch_norm(x, norm.weight, norm.bias, mean, variance, true, 1.0, norm.epsilon, true);
  update_running_statistics(norm, mean, variance, x.numel() / x.size(1));
  return y;
}

}  // namespace svhn::network
