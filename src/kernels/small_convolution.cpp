#include "kernels/small_convolution.h"

#include <torch/csrc/autograd/custom_function.h>

#include <algorithm>
#include <vector>

#include "kernels/bfloat16.h"
#include "kernels/block_lines.h"
#include "kernels/small_kernels.h"

namespace svhn::kernels {
namespace {

using torch::Tensor;
using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

constexpr std::int64_t kMaxChannels = 4, kMaxKernel = 7;

/// Shapes; the bias is one more tap, whose input is 1 everywhere.
struct Sizes {
  std::int64_t images, channels, height, width, filters, kernel, padding;

  Sizes(const Tensor& x, const Tensor& weight, std::int64_t pad)
      : images(x.size(0)),
        channels(x.size(1)),
        height(x.size(2)),
        width(x.size(3)),
        filters(weight.size(0)),
        kernel(weight.size(2)),
        padding(pad) {}
  [[nodiscard]] std::int64_t out_height() const { return height + 2 * padding - kernel + 1; }
  [[nodiscard]] std::int64_t out_width() const { return width + 2 * padding - kernel + 1; }
  [[nodiscard]] std::int64_t taps() const { return channels * kernel * kernel + 1; }
  [[nodiscard]] std::int64_t lines() const { return images * out_height(); }
  [[nodiscard]] std::int64_t line() const { return out_width() * filters; }
};

/// The padded input lines under one line of output.
template <class T>
class Window {
 public:
  Window(const Tensor& x, const Sizes& sizes)
      : sizes_(sizes),
        x_(static_cast<const T*>(x.data_ptr())),
        strides_(x.strides().vec()),
        padded_(sizes.width + 2 * sizes.padding),
        rows_(static_cast<std::size_t>(sizes.channels * sizes.kernel * padded_)),
        ones_(static_cast<std::size_t>(sizes.out_width()), 1.0F) {
    for (std::int64_t row = 0; row < sizes.channels * sizes.kernel; ++row) {
      for (std::int64_t k = 0; k < sizes.kernel; ++k) lines_.push_back(rows_.data() + row * padded_ + k);
    }
    lines_.push_back(ones_.data());
  }

  TapLines at(std::int64_t line) {
    const std::int64_t image = line / sizes_.out_height(), top = line % sizes_.out_height() - sizes_.padding;
    float* row = rows_.data();
    for (std::int64_t c = 0; c < sizes_.channels; ++c) {
      for (std::int64_t k = 0; k < sizes_.kernel; ++k, row += padded_) read_row(image, c, top + k, row);
    }
    return {lines_.data(), sizes_.taps(), sizes_.out_width(), sizes_.filters};
  }

 private:
  /// The padding at both ends stays zero.
  void read_row(std::int64_t image, std::int64_t channel, std::int64_t y, float* row) const {
    float* to = row + sizes_.padding;
    if (y < 0 || y >= sizes_.height) {
      std::fill_n(to, sizes_.width, 0.0F);
      return;
    }
    const T* from = x_ + image * strides_[0] + channel * strides_[1] + y * strides_[2];
    for (std::int64_t w = 0; w < sizes_.width; ++w) to[w] = to_float(from[w * strides_[3]]);
  }

  const Sizes& sizes_;
  const T* x_;
  std::vector<std::int64_t> strides_;
  std::int64_t padded_;
  Floats rows_;
  Floats ones_;
  std::vector<const float*> lines_;
};

/// @returns [taps,O].
Tensor tap_weights(const Tensor& weight, const Tensor& bias) {
  const std::int64_t filters = weight.size(0);
  return at::cat({weight.detach().reshape({filters, -1}).t(), bias.detach().view({1, filters})}).contiguous();
}

template <class T>
void correlate(const Tensor& x, const Tensor& weights, const Tensor& y, const Sizes& sizes) {
  const std::int64_t task = std::max<std::int64_t>(1, kTaskNumbers / sizes.line());
  auto* out = static_cast<T*>(y.data_ptr());
  const auto* weight = static_cast<const float*>(weights.data_ptr());
  at::parallel_for(0, sizes.lines(), task, [&](std::int64_t begin, std::int64_t end) {
    Window<T> window(x, sizes);
    Floats scratch(static_cast<std::size_t>(sizes.line()));
    for (std::int64_t line = begin; line < end; ++line) {
      T* to = out + line * sizes.line();
      float* made = line_for(to, scratch.data());
      correlate_line(window.at(line), weight, made);
      finish_line(made, to, sizes.line());
    }
  });
}

/// @returns the gradients of the taps, [taps,O].
template <class T>
Tensor tap_gradients(const Tensor& x, const Tensor& gradient, const Sizes& sizes) {
  const std::int64_t numbers = sizes.taps() * sizes.filters;
  const auto* g = static_cast<const T*>(gradient.data_ptr());
  const auto sum_part = [&](std::int64_t begin, std::int64_t end, double* sums) {
    Window<T> window(x, sizes);
    Floats line_gradient(static_cast<std::size_t>(sizes.line())), floats(static_cast<std::size_t>(numbers));
    for (std::int64_t line = begin; line < end; ++line) {
      widen(g + line * sizes.line(), line_gradient.data(), sizes.line());
      add_tap_gradients(window.at(line), line_gradient.data(), floats.data());
      add_and_clear(floats, sums);
    }
  };
  const auto sums = sum_in_parts(sizes.lines(), sizes.line(), numbers, sum_part);
  Tensor result = at::empty({sizes.taps(), sizes.filters});
  std::transform(sums.begin(), sums.end(), static_cast<float*>(result.data_ptr()),
                 [](double sum) { return static_cast<float>(sum); });
  return result;
}

struct SmallConvolution : torch::autograd::Function<SmallConvolution> {
  static Tensor forward(AutogradContext* context, const Tensor& x, const Tensor& weight, const Tensor& bias,
                        std::int64_t padding) {
    const Sizes sizes(x, weight, padding);
    const Tensor y = at::empty({sizes.images, sizes.filters, sizes.out_height(), sizes.out_width()},
                               x.options().requires_grad(false), at::MemoryFormat::ChannelsLast);
    const Tensor weights = tap_weights(weight, bias);
    with_type(x, [&](auto type) { correlate<decltype(type)>(x, weights, y, sizes); });
    context->save_for_backward({x, weight});
    context->saved_data["padding"] = padding;
    return y;
  }

  static variable_list backward(AutogradContext* context, variable_list gradients) {
    const auto saved = context->get_saved_variables();
    const Tensor &x = saved[0], &weight = saved[1];
    const Sizes sizes(x, weight, context->saved_data["padding"].toInt());
    const Tensor gradient = gradients[0].contiguous(at::MemoryFormat::ChannelsLast);
    Tensor taps;
    with_type(x, [&](auto type) { taps = tap_gradients<decltype(type)>(x, gradient, sizes); });
    const Tensor kernel = taps.narrow(0, 0, sizes.taps() - 1).t().reshape(weight.sizes());
    return {Tensor(), kernel, taps.select(0, sizes.taps() - 1), Tensor()};
  }
};

}  // namespace

bool small_convolution_supports(const Tensor& x, const Tensor& weight) {
  const bool type = x.scalar_type() == torch::kFloat32 || x.scalar_type() == torch::kBFloat16;
  return x.device().is_cpu() && type && !x.requires_grad() && x.numel() > 0 && x.dim() == 4 &&
         weight.scalar_type() == torch::kFloat32 && x.size(1) <= kMaxChannels && weight.size(2) <= kMaxKernel;
}

Tensor small_convolution(const Tensor& x, const Tensor& weight, const Tensor& bias, std::int64_t padding) {
  const Tensor offset = bias.defined() ? bias : at::zeros({weight.size(0)});
  return SmallConvolution::apply(x, weight, offset, padding);
}

}  // namespace svhn::kernels
