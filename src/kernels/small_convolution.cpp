#include "kernels/small_convolution.h"

#include <torch/csrc/autograd/custom_function.h>

#include <algorithm>
#include <cstring>
#include <vector>

#include "core/vector_clones.h"
#include "kernels/bfloat16.h"
#include "kernels/tensor_memory.h"
#include "kernels/vectors.h"

namespace svhn::kernels {
namespace {

using torch::Tensor;
using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

constexpr std::int64_t kMaxChannels = 4, kMaxKernel = 7;

/// The input rows under one output row of W pixels of O channels. A tap is a position of the kernel; its row
/// has one float per pixel.
struct TapRows {
  const float* const* rows;  ///< One per tap, of `pixels` floats each.
  std::int64_t taps;
  std::int64_t pixels;
  std::int64_t channels;  ///< O
};

/// A tile of pixels and channels: each loaded weight is used for several pixels.
template <std::int64_t kCount, std::int64_t kPixels>
SVHN_INLINE void correlate_tile(const TapRows& taps, const float* weight, float* y, std::int64_t first) {
  using Float = typename Lanes<kCount>::Float;
  Float sums[kPixels] = {};
  for (std::int64_t tap = 0; tap < taps.taps; ++tap) {
    Float w;
    std::memcpy(&w, weight + tap * taps.channels, sizeof(w));
    const float* row = taps.rows[tap] + first;
    for (std::int64_t p = 0; p < kPixels; ++p) sums[p] += w * row[p];
  }
  for (std::int64_t p = 0; p < kPixels; ++p) {
    std::memcpy(y + (first + p) * taps.channels, &sums[p], sizeof(Float));
  }
}

template <std::int64_t kCount>
SVHN_INLINE void correlate_channels(const TapRows& taps, const float* weight, float* y) {
  constexpr std::int64_t kPixels = 4;
  std::int64_t p = 0;
  for (; p + kPixels <= taps.pixels; p += kPixels) correlate_tile<kCount, kPixels>(taps, weight, y, p);
  for (; p < taps.pixels; ++p) correlate_tile<kCount, 1>(taps, weight, y, p);
}

/// A tile of taps and channels: each loaded gradient is used for several taps.
template <std::int64_t kCount, std::int64_t kTaps>
SVHN_INLINE void gradient_tile(const TapRows& taps, const float* g, float* weight, std::int64_t first) {
  using Float = typename Lanes<kCount>::Float;
  Float sums[kTaps];
  for (std::int64_t t = 0; t < kTaps; ++t) {
    std::memcpy(&sums[t], weight + (first + t) * taps.channels, sizeof(Float));
  }
  for (std::int64_t p = 0; p < taps.pixels; ++p) {
    Float gradient;
    std::memcpy(&gradient, g + p * taps.channels, sizeof(gradient));
    for (std::int64_t t = 0; t < kTaps; ++t) sums[t] += gradient * taps.rows[first + t][p];
  }
  for (std::int64_t t = 0; t < kTaps; ++t) {
    std::memcpy(weight + (first + t) * taps.channels, &sums[t], sizeof(Float));
  }
}

template <std::int64_t kCount>
SVHN_INLINE void gradient_channels(const TapRows& taps, const float* g, float* weight) {
  constexpr std::int64_t kTaps = 5;
  std::int64_t tap = 0;
  for (; tap + kTaps <= taps.taps; tap += kTaps) gradient_tile<kCount, kTaps>(taps, g, weight, tap);
  for (; tap < taps.taps; ++tap) gradient_tile<kCount, 1>(taps, g, weight, tap);
}

/// y[w][o] = sum over taps of row[w] weight[tap][o].
SVHN_VECTOR_CLONES
void correlate_row(const TapRows& taps, const float* weight, float* y) {
  std::int64_t c = 0;
  for (; c + kChannelLanes <= taps.channels; c += kChannelLanes)
    correlate_channels<kChannelLanes>(taps, weight + c, y + c);
  for (; c < taps.channels; ++c) correlate_channels<1>(taps, weight + c, y + c);
}

/// weight[tap][o] += sum over w of row[w] g[w][o].
SVHN_VECTOR_CLONES
void add_tap_gradients(const TapRows& taps, const float* g, float* weight) {
  std::int64_t c = 0;
  for (; c + kChannelLanes <= taps.channels; c += kChannelLanes)
    gradient_channels<kChannelLanes>(taps, g + c, weight + c);
  for (; c < taps.channels; ++c) gradient_channels<1>(taps, g + c, weight + c);
}

/// Shapes. The bias is one more tap, whose input is 1 everywhere.
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
  [[nodiscard]] std::int64_t rows() const { return images * out_height(); }
  [[nodiscard]] std::int64_t row_size() const { return out_width() * filters; }
};

/// Reads the padded input rows under one output row.
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
      for (std::int64_t k = 0; k < sizes.kernel; ++k) tap_rows_.push_back(rows_.data() + row * padded_ + k);
    }
    tap_rows_.push_back(ones_.data());
  }

  TapRows at(std::int64_t out_row) {
    const std::int64_t image = out_row / sizes_.out_height();
    const std::int64_t top = out_row % sizes_.out_height() - sizes_.padding;
    float* row = rows_.data();
    for (std::int64_t c = 0; c < sizes_.channels; ++c) {
      for (std::int64_t k = 0; k < sizes_.kernel; ++k, row += padded_) read_row(image, c, top + k, row);
    }
    return {tap_rows_.data(), sizes_.taps(), sizes_.out_width(), sizes_.filters};
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
  std::vector<const float*> tap_rows_;
};

/// @returns [taps,O].
Tensor tap_weights(const Tensor& weight, const Tensor& bias) {
  const std::int64_t filters = weight.size(0);
  return at::cat({weight.detach().reshape({filters, -1}).t(), bias.detach().view({1, filters})}).contiguous();
}

template <class T>
void correlate(const Tensor& x, const Tensor& weights, const Tensor& y, const Sizes& sizes) {
  const std::int64_t grain = std::max<std::int64_t>(1, kGrainSize / sizes.row_size());
  auto* out = static_cast<T*>(y.data_ptr());
  const auto* weight = static_cast<const float*>(weights.data_ptr());
  at::parallel_for(0, sizes.rows(), grain, [&](std::int64_t begin, std::int64_t end) {
    Window<T> window(x, sizes);
    Floats scratch(static_cast<std::size_t>(sizes.row_size()));
    for (std::int64_t row = begin; row < end; ++row) {
      T* to = out + row * sizes.row_size();
      float* floats = float_row(to, scratch.data());
      correlate_row(window.at(row), weight, floats);
      store_row(floats, to, sizes.row_size());
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
    Floats row_gradient(static_cast<std::size_t>(sizes.row_size())),
        floats(static_cast<std::size_t>(numbers));
    for (std::int64_t row = begin; row < end; ++row) {
      widen(g + row * sizes.row_size(), row_gradient.data(), sizes.row_size());
      add_tap_gradients(window.at(row), row_gradient.data(), floats.data());
      add_and_clear(floats, sums);
    }
  };
  const auto sums = sum_in_parts(sizes.rows(), sizes.row_size(), numbers, sum_part);
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
