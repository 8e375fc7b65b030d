#include "network/sync_batch_norm.h"

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

/// What the backward pass needs besides tensors.
struct Held : torch::CustomClassHolder {
  distributed::ProcessGroup* group = nullptr;
  double count = 0.0;  ///< Values for each channel, over all processes.
};

using distributed::ChannelMoments;

ChannelMoments own_moments(const Tensor& x, const Norm& norm) {
  if (x.numel() == 0) return {};
  const auto [mean, variance] =
      at::batch_norm_update_stats(x, at::zeros_like(norm.mean), at::zeros_like(norm.variance), 0.0);
  return {mean.to(torch::kFloat64), variance.to(torch::kFloat64), static_cast<double>(x.numel() / x.size(1))};
}

/// In the very steps of a fused block, which the other processes may run where this one has no images.
void move_running(const Norm& norm, const ChannelMoments& moments) {
  const auto type = norm.mean.scalar_type();
  const double n = moments.count;
  const Tensor corrected = n <= 1.0 ? at::zeros_like(moments.variance) : moments.variance * n / (n - 1.0);
  move_statistics(norm, moments.mean.to(type), corrected.to(type), static_cast<std::int64_t>(n));
}

/// gradient_in = scale (gradient_out - shift) - slope (x - mean), all but x and the gradients by channel.
struct Line {
  Tensor scale;
  Tensor shift;
  Tensor slope;
  Tensor mean;
};

template <typename Number>
struct LineNumbers {
  Number scale;
  Number shift;
  Number slope;
  Number mean;
};

template <typename Number>
std::vector<LineNumbers<Number>> numbers_of(const Line& line) {
  const auto all = at::stack({line.scale, line.shift, line.slope, line.mean}, 1).contiguous();
  const auto* first = static_cast<const LineNumbers<Number>*>(all.data_ptr());
  return {first, first + all.size(0)};
}

/// @param x, gradient [rows,width] in memory, channels innermost or one channel a row.
template <typename Value, typename Number>
Tensor apply_line(const Tensor& x, const Tensor& gradient, const Line& line, bool innermost) {
  Tensor out = at::empty_like(gradient);
  const auto lines = numbers_of<Number>(line);
  const std::int64_t channels = x.size(1), width = innermost ? channels : x.numel() / (x.size(0) * channels);
  const auto* from = static_cast<const Value*>(x.data_ptr());
  const auto* grad = static_cast<const Value*>(gradient.data_ptr());
  auto* to = static_cast<Value*>(out.data_ptr());
  const auto one = [&](std::int64_t at, const LineNumbers<Number>& l) {
    to[at] = static_cast<Value>(l.scale * (static_cast<Number>(grad[at]) - l.shift) -
                                l.slope * (static_cast<Number>(from[at]) - l.mean));
  };
  at::parallel_for(0, x.numel() / width, 64, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t row = begin; row < end; ++row) {
      const auto& own = lines[static_cast<std::size_t>(row % channels)];
      for (std::int64_t i = 0; i < width; ++i) {
        one(row * width + i, innermost ? lines[static_cast<std::size_t>(i)] : own);
      }
    }
  });
  return out;
}

/// The same for any device and layout.
Tensor apply_line_anywhere(const Tensor& x, const Tensor& gradient, const Line& line) {
  std::vector<std::int64_t> shape(static_cast<std::size_t>(x.dim()), 1);
  shape[1] = x.size(1);
  const auto by_channel = [&](const Tensor& values) { return values.view(shape); };
  const auto type = line.mean.scalar_type();
  const Tensor centred = x.to(type) - by_channel(line.mean);
  const Tensor result = by_channel(line.scale) * (gradient.to(type) - by_channel(line.shift)) -
                        by_channel(line.slope) * centred;
  return result.to(x.scalar_type());
}

Tensor gradient_of_input(const Tensor& x, const Tensor& gradient, const Line& line) {
  const bool innermost =
      x.dim() == 2 || (!x.is_contiguous() && x.is_contiguous(at::MemoryFormat::ChannelsLast));
  if (x.numel() == 0) return at::zeros_like(x);
  if (!x.is_cpu() || (!innermost && !x.is_contiguous())) return apply_line_anywhere(x, gradient, line);
  switch (x.scalar_type()) {
    case torch::kFloat64:
      return apply_line<double, double>(x, gradient, line, innermost);
    case torch::kFloat32:
      return apply_line<float, float>(x, gradient, line, innermost);
    case torch::kBFloat16:
      return apply_line<c10::BFloat16, float>(x, gradient, line, innermost);
    default:
      return apply_line_anywhere(x, gradient, line);
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
                        const Norm* norm, distributed::ProcessGroup* group) {
    const ChannelMoments moments = distributed::all_reduce_moments(own_moments(x, *norm), norm->mean, *group);
    move_running(*norm, moments);
    const auto type = norm->mean.scalar_type();
    const Tensor mean = moments.mean.to(type), variance = moments.variance.to(type);
    const Tensor inverse = (moments.variance + norm->epsilon).rsqrt().to(type);
    auto held = c10::make_intrusive<Held>();
    held->group = group;
    held->count = moments.count;
    context->saved_data["held"] = c10::IValue::make_capsule(std::move(held));
    context->save_for_backward({x, weight, mean, inverse});
    if (x.numel() == 0) return at::empty_like(x);
    return at::batch_norm(x, weight, bias, mean, variance, false, 0.0, norm->epsilon, true);
  }

  static variable_list backward(AutogradContext* context, variable_list gradients) {
    const auto saved = context->get_saved_variables();
    const Tensor &x = saved[0], &weight = saved[1], &mean = saved[2], &inverse = saved[3];
    const auto held = context->saved_data["held"].toCapsule();
    const auto& own = static_cast<const Held&>(*held);
    const Tensor gradient = gradients[0].to(x.scalar_type()).contiguous(x.suggest_memory_format());
    const Tensor own_part = own_sums(x, gradient, mean);
    const Tensor sums = own_part.to(torch::kFloat64, false, true);
    own.group->all_reduce(sums);
    const Tensor means = (sums / own.count).to(mean.scalar_type());
    const Tensor scale = weight.defined() ? weight * inverse : inverse;
    const Line line{scale, means[0], scale * inverse * inverse * means[1], mean};
    return {gradient_of_input(x, gradient, line), weight.defined() ? own_part[1] * inverse : Tensor(),
            own_part[0], Tensor(), Tensor()};
  }
};

}  // namespace

Tensor sync_batch_norm(const Tensor& x, const Norm& norm, distributed::ProcessGroup& group) {
  return SyncBatchNormFunction::apply(x, norm.weight, norm.bias, &norm, &group);
}

}  // namespace svhn::network
