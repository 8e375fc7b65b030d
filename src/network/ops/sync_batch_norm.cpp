#include "network/ops/tensor_ops.h"

#include <ATen/Parallel.h>
#include <torch/csrc/autograd/custom_function.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "distributed/moments.h"

namespace svhn::network {
namespace {

using torch::Tensor;
using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

/// Saved for the backward pass besides tensors.
struct SyncSaved : torch::CustomClassHolder {
  distributed::ProcessGroup* group = nullptr;
  double count = 0.0;  ///< Values per channel, over all processes.
};

using distributed::ChannelMoments;

ChannelMoments own_moments(const Tensor& x, const BatchNormState& norm) {
  if (x.numel() == 0) return {};
  const auto [mean, variance] =
      at::batch_norm_update_stats(x, at::zeros_like(norm.mean), at::zeros_like(norm.variance), 0.0);
  return {mean.to(torch::kFloat64), variance.to(torch::kFloat64), static_cast<double>(x.numel() / x.size(1))};
}

/// The same steps as a fused block's, which other processes run while this one has no images.
void update_running(const BatchNormState& norm, const ChannelMoments& moments) {
  const auto type = norm.mean.scalar_type();
  const double n = moments.count;
  const Tensor corrected = n <= 1.0 ? at::zeros_like(moments.variance) : moments.variance * n / (n - 1.0);
  update_running_statistics(norm, moments.mean.to(type), corrected.to(type), static_cast<std::int64_t>(n));
}

/// Per channel: gradient_in = scale (gradient_out - shift) - slope (x - mean).
struct Coefficients {
  Tensor scale;
  Tensor shift;
  Tensor slope;
  Tensor mean;
};

template <typename Number>
struct ChannelCoefficients {
  Number scale;
  Number shift;
  Number slope;
  Number mean;
};

template <typename Number>
std::vector<ChannelCoefficients<Number>> numbers_of(const Coefficients& coefficients) {
  const auto all =
      at::stack({coefficients.scale, coefficients.shift, coefficients.slope, coefficients.mean}, 1)
          .contiguous();
  const auto* first = static_cast<const ChannelCoefficients<Number>*>(all.data_ptr());
  return {first, first + all.size(0)};
}

/// @param x, gradient [rows,width] in memory: channels last, or one channel per row.
template <typename Value, typename Number>
Tensor apply_coefficients(const Tensor& x, const Tensor& gradient, const Coefficients& coefficients,
                          bool innermost) {
  Tensor out = at::empty_like(gradient);
  const auto channel_coefficients = numbers_of<Number>(coefficients);
  const std::int64_t channels = x.size(1), width = innermost ? channels : x.numel() / (x.size(0) * channels);
  const auto* from = static_cast<const Value*>(x.data_ptr());
  const auto* grad = static_cast<const Value*>(gradient.data_ptr());
  auto* to = static_cast<Value*>(out.data_ptr());
  const auto one = [&](std::int64_t at, const ChannelCoefficients<Number>& l) {
    to[at] = static_cast<Value>(l.scale * (static_cast<Number>(grad[at]) - l.shift) -
                                l.slope * (static_cast<Number>(from[at]) - l.mean));
  };
  at::parallel_for(0, x.numel() / width, 64, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t row = begin; row < end; ++row) {
      const auto& own = channel_coefficients[static_cast<std::size_t>(row % channels)];
      for (std::int64_t i = 0; i < width; ++i) {
        one(row * width + i, innermost ? channel_coefficients[static_cast<std::size_t>(i)] : own);
      }
    }
  });
  return out;
}

/// As apply_coefficients, for any device and layout.
Tensor apply_coefficients_anywhere(const Tensor& x, const Tensor& gradient,
                                   const Coefficients& coefficients) {
  std::vector<std::int64_t> shape(static_cast<std::size_t>(x.dim()), 1);
  shape[1] = x.size(1);
  const auto by_channel = [&](const Tensor& values) { return values.view(shape); };
  const auto type = coefficients.mean.scalar_type();
  const Tensor centred = x.to(type) - by_channel(coefficients.mean);
  const Tensor result =
      by_channel(coefficients.scale) * (gradient.to(type) - by_channel(coefficients.shift)) -
      by_channel(coefficients.slope) * centred;
  return result.to(x.scalar_type());
}

Tensor gradient_of_input(const Tensor& x, const Tensor& gradient, const Coefficients& coefficients) {
  const bool innermost =
      x.dim() == 2 || (!x.is_contiguous() && x.is_contiguous(at::MemoryFormat::ChannelsLast));
  if (x.numel() == 0) return at::zeros_like(x);
  if (!x.is_cpu() || (!innermost && !x.is_contiguous()))
    return apply_coefficients_anywhere(x, gradient, coefficients);
  switch (x.scalar_type()) {
    case torch::kFloat64:
      return apply_coefficients<double, double>(x, gradient, coefficients, innermost);
    case torch::kFloat32:
      return apply_coefficients<float, float>(x, gradient, coefficients, innermost);
    case torch::kBFloat16:
      return apply_coefficients<c10::BFloat16, float>(x, gradient, coefficients, innermost);
    default:
      return apply_coefficients_anywhere(x, gradient, coefficients);
  }
}

/// @returns this process' sums over its images of g and of g (x - mean), [2,C], in the norm's type.
Tensor own_sums(const Tensor& x, const Tensor& gradient, const Tensor& mean) {
  if (x.numel() == 0) return at::zeros({2, mean.numel()}, mean.options());
  const Tensor ones = at::ones_like(mean);
  const auto [unused, moment, sum] = at::native_batch_norm_backward(gradient, x, ones, mean, ones, mean, ones,
                                                                    true, 0.0, {false, true, true});
  return at::stack({sum, moment});
}

struct SyncBatchNormFunction : torch::autograd::Function<SyncBatchNormFunction> {
  static Tensor forward(AutogradContext* context, const Tensor& x, const Tensor& weight, const Tensor& bias,
                        const BatchNormState* norm, distributed::ProcessGroup* group) {
    const ChannelMoments moments = distributed::all_reduce_moments(own_moments(x, *norm), norm->mean, *group);
    update_running(*norm, moments);
    const auto type = norm->mean.scalar_type();
    const Tensor mean = moments.mean.to(type), variance = moments.variance.to(type);
    const Tensor inverse = (moments.variance + norm->epsilon).rsqrt().to(type);
    auto saved_values = c10::make_intrusive<SyncSaved>();
    saved_values->group = group;
    saved_values->count = moments.count;
    context->saved_data["held"] = c10::IValue::make_capsule(std::move(saved_values));
    context->save_for_backward({x, weight, mean, inverse});
    if (x.numel() == 0) return at::empty_like(x);
    return at::batch_norm(x, weight, bias, mean, variance, false, 0.0, norm->epsilon, true);
  }

  static variable_list backward(AutogradContext* context, variable_list gradients) {
    const auto saved = context->get_saved_variables();
    const Tensor &x = saved[0], &weight = saved[1], &mean = saved[2], &inverse = saved[3];
    const auto saved_values = context->saved_data["held"].toCapsule();
    const auto& own = static_cast<const SyncSaved&>(*saved_values);
    const Tensor gradient = gradients[0].to(x.scalar_type()).contiguous(x.suggest_memory_format());
    const Tensor own_part = own_sums(x, gradient, mean);
    const Tensor sums = own_part.to(torch::kFloat64, false, true);
    own.group->all_reduce(sums);
    const Tensor means = (sums / own.count).to(mean.scalar_type());
    const Tensor scale = weight.defined() ? weight * inverse : inverse;
    const Coefficients coefficients{scale, means[0], scale * inverse * inverse * means[1], mean};
    return {gradient_of_input(x, gradient, coefficients), weight.defined() ? own_part[1] * inverse : Tensor(),
            own_part[0], Tensor(), Tensor()};
  }
};

}  // namespace

Tensor sync_batch_norm(const Tensor& x, const BatchNormState& norm, distributed::ProcessGroup& group) {
  return SyncBatchNormFunction::apply(x, norm.weight, norm.bias, &norm, &group);
}

}  // namespace svhn::network
