#include "kernels/norm_block.h"

#include <ATen/Parallel.h>
#include <torch/csrc/autograd/custom_function.h>

#include <algorithm>
#include <vector>

#include "kernels/block_lines.h"
#include "kernels/block_moments.h"
#include "kernels/norm_kernels.h"

namespace svhn::kernels {
namespace {

using torch::Tensor;
using torch::autograd::AutogradContext;
using torch::autograd::variable_list;
Tensor channels_innermost(const Tensor& x) {
  return x.dim() == 4 ? x.contiguous(at::MemoryFormat::ChannelsLast) : x.contiguous();
}

/// Activates in place. @returns the sums of x - shift and of its squares, [2 C].
template <class T>
std::vector<double> activate(T* x, BlockActivation activation, const Geometry& g, const Floats& shift) {
  const std::int64_t strips = (g.pixels() + kStripPixels - 1) / kStripPixels;
  const auto sum_part = [&](std::int64_t begin, std::int64_t end, double* sums) {
    Floats floats(static_cast<std::size_t>(2 * g.channels));
    const ShiftedSums places{shift.data(), floats.data(), floats.data() + g.channels};
    for (std::int64_t strip = begin; strip < end; ++strip) {
      const std::int64_t first = strip * kStripPixels, count = std::min(kStripPixels, g.pixels() - first);
      activate_and_sum(activation, x + first * g.channels, count, g.channels, places);
      add_and_clear(floats, sums);
    }
  };
  return sum_in_parts(strips, kStripPixels * g.channels, 2 * g.channels, sum_part);
}

/// Any pixel is nearer to the mean than zero may be.
template <class T>
Floats first_pixel(const T* x, BlockActivation activation, std::int64_t channels) {
  std::vector<T> pixel(x, x + channels);
  Floats zero(static_cast<std::size_t>(channels)), shift(zero), unused(zero);
  activate_and_sum(activation, pixel.data(), 1, channels, {zero.data(), shift.data(), unused.data()});
  return shift;
}

Tail tail_of(const NormBlock& block) {
  return {block.pool, block.dropout_rate > 0.0, make_dropout_mask(block.dropout_rate, block.dropout_place)};
}

/// Writes every output line: activation, scale and offset, pooling, dropout.
template <class T>
void write_lines(const T* x, T* y, std::uint8_t* which, const Lines& lines, BlockActivation activation,
                 const ChannelLine& channel, const Tail& tail) {
  const Geometry& in = lines.in;
  at::parallel_for(0, lines.count(), lines.task(), [&](std::int64_t begin, std::int64_t end) {
    Floats source(static_cast<std::size_t>(tail.pool ? lines.source() : 0)), scratch(lines.length());
    std::vector<std::uint8_t> places(static_cast<std::size_t>(which == nullptr ? lines.length() : 0));
    for (std::int64_t line = begin; line < end; ++line) {
      const T* from = x + line * lines.source();
      T* to = y + line * lines.length();
      float* made = line_for(to, scratch.data());
      activate_and_scale(activation, from, tail.pool ? source.data() : made, lines.source() / in.channels,
                         in.channels, channel);
      if (tail.pool) {
        pool_rows(source.data(), source.data() + in.line(), made,
                  which == nullptr ? places.data() : which + line * lines.length(), in.width / 2,
                  in.channels);
      }
      if (tail.drop) lines.mask(made, line, tail.mask);
      finish_line(made, to, lines.length());
    }
  });
}

Tensor empty_output(const Tensor& x, bool pool, torch::ScalarType type) {
  auto sizes = x.sizes().vec();
  if (pool) sizes = {sizes[0], sizes[1], sizes[2] / 2, sizes[3] / 2};
  if (x.dim() != 4) return at::empty(sizes, at::TensorOptions(type));
  return at::empty(sizes, at::TensorOptions(type), at::MemoryFormat::ChannelsLast);
}

/// What backward needs besides x and the weight.
struct Saved : torch::CustomClassHolder {
  BlockActivation activation{};
  Tail tail{};
  Moments moments;
  Tensor which;  ///< u8, as the output; pooling only.
  distributed::ProcessGroup* group = nullptr;
};

/// Makes the gradient of a block's normalised rows out of that of its output, a line at a time.
template <class T>
class GradientLines {
 public:
  GradientLines(const T* gradient, const Saved& saved, const Lines& lines)
      : gradient_(gradient),
        which_(saved.tail.pool ? numbers_in<std::uint8_t>(saved.which) : nullptr),
        tail_(saved.tail),
        lines_(lines),
        narrow_(lines.length()),
        wide_(static_cast<std::size_t>(tail_.pool ? lines.source() : 0)) {}

  /// @returns as many numbers as the input has for this line, valid until the next call.
  const float* at(std::int64_t line) {
    const std::int64_t first = line * lines_.length();
    widen(gradient_ + first, narrow_.data(), lines_.length());
    if (tail_.drop) lines_.mask(narrow_.data(), line, tail_.mask);
    if (!tail_.pool) return narrow_.data();
    const Geometry& in = lines_.in;
    unpool_row(narrow_.data(), which_ + first, wide_.data(), wide_.data() + in.line(), in.width / 2,
               in.channels);
    return wide_.data();
  }

 private:
  const T* gradient_;
  const std::uint8_t* which_;
  Tail tail_;
  Lines lines_;
  Floats narrow_, wide_;
};

/// @returns the sums of g and of g (x - mean), [2 C].
template <class T>
std::vector<double> gradient_sums(const T* gradient, const T* x, const Saved& saved, const Lines& lines) {
  const std::int64_t channels = lines.in.channels;
  const auto sum_part = [&](std::int64_t begin, std::int64_t end, double* sums) {
    GradientLines<T> gradients(gradient, saved, lines);
    Floats floats(static_cast<std::size_t>(2 * channels));
    const GradientSums places{numbers_in<float>(saved.moments.mean), floats.data(), floats.data() + channels};
    for (std::int64_t line = begin; line < end; ++line) {
      sum_gradients(gradients.at(line), x + line * lines.source(), lines.source() / channels, channels,
                    places);
      add_and_clear(floats, sums);
    }
  };
  return sum_in_parts(lines.count(), lines.source(), 2 * channels, sum_part);
}

std::vector<double> sums_of_all(const std::vector<double>& own, distributed::ProcessGroup* group) {
  if (group == nullptr) return own;
  // As normalisation by single operations spells it: a process without images takes that way.
  const Tensor sums = torch::tensor(own, torch::kFloat64).view({2, -1});
  group->all_reduce(sums);
  return {numbers_in<double>(sums), numbers_in<double>(sums) + sums.numel()};
}

template <class T>
void input_gradient(const T* gradient, const T* x, T* dx, const Saved& saved, const Lines& lines,
                    const GradientLine& channel) {
  const std::int64_t channels = lines.in.channels;
  at::parallel_for(0, lines.count(), lines.task(), [&](std::int64_t begin, std::int64_t end) {
    GradientLines<T> gradients(gradient, saved, lines);
    for (std::int64_t line = begin; line < end; ++line) {
      const std::int64_t first = line * lines.source();
      spread_gradients(saved.activation, gradients.at(line), x + first, dx + first, lines.source() / channels,
                       channels, channel);
    }
  });
}

struct NormBlockFunction : torch::autograd::Function<NormBlockFunction> {
  static Tensor forward(AutogradContext* context, const Tensor& x, const Tensor& weight, const Tensor& bias,
                        const NormBlock* block, BatchStatistics* statistics) {
    const Geometry in(x);
    auto saved = c10::make_intrusive<Saved>();
    saved->activation = block->activation;
    saved->tail = tail_of(*block);
    saved->group = block->group;
    const Tensor y = empty_output(x, block->pool, x.scalar_type());
    if (block->pool) saved->which = empty_output(x, true, torch::kUInt8);
    with_type(x, [&](auto type) { run(numbers_in<decltype(type)>(x), y, weight, bias, *block, in, *saved); });
    *statistics = {saved->moments.mean, saved->moments.variance,
                   static_cast<std::int64_t>(saved->moments.count)};
    context->save_for_backward({x, weight});
    context->saved_data["block"] = c10::IValue::make_capsule(saved);
    return y;
  }

  template <class T>
  static void run(T* x, const Tensor& y, const Tensor& weight, const Tensor& bias, const NormBlock& block,
                  const Geometry& in, Saved& saved) {
    const Floats shift = first_pixel(x, block.activation, in.channels);
    distributed::ChannelMoments all =
        own_moments(activate(x, block.activation, in, shift), shift, in.pixels());
    if (block.group != nullptr) all = distributed::all_reduce_moments(all, block.group_shift, *block.group);
    saved.moments = moments_of(all, block.epsilon);
    const Tensor scale = saved.moments.deviation * weight.detach();
    const Tensor offset = bias.detach() - saved.moments.mean * scale;
    auto* which = block.pool ? numbers_in<std::uint8_t>(saved.which) : nullptr;
    write_lines(x, numbers_in<T>(y), which, {in, block.pool}, BlockActivation::linear,
                {numbers_in<float>(scale), numbers_in<float>(offset)}, saved.tail);
  }

  static variable_list backward(AutogradContext* context, variable_list gradients) {
    const auto variables = context->get_saved_variables();
    const auto saved = c10::static_intrusive_pointer_cast<Saved>(context->saved_data["block"].toCapsule());
    const Tensor& x = variables[0];
    const Tensor gradient = channels_innermost(gradients[0]);
    const Lines lines{Geometry(x), saved->tail.pool};
    const Tensor dx = at::empty_like(x);
    Tensor weight_gradient, bias_gradient;
    with_type(x, [&](auto type) {
      using T = decltype(type);
      const auto own = gradient_sums(numbers_in<T>(gradient), numbers_in<T>(x), *saved, lines);
      weight_gradient = at::empty_like(saved->moments.mean);
      bias_gradient = at::empty_like(saved->moments.mean);
      const BackwardLine line(sums_of_all(own, saved->group), numbers_in<float>(variables[1]),
                              saved->moments);
      write_norm_gradients(own, saved->moments, numbers_in<float>(weight_gradient),
                           numbers_in<float>(bias_gradient));
      input_gradient(
          numbers_in<T>(gradient), numbers_in<T>(x), numbers_in<T>(dx), *saved, lines,
          {line.scale.data(), numbers_in<float>(saved->moments.mean), line.slope.data(), line.offset.data()});
    });
    return {dx, weight_gradient, bias_gradient, Tensor(), Tensor()};
  }
};

}  // namespace

bool norm_block_supports(const Tensor& x, bool pool) {
  const bool type = x.scalar_type() == torch::kFloat32 || x.scalar_type() == torch::kBFloat16;
  const bool shape = x.dim() == 4 || (x.dim() == 2 && !pool);
  if (!x.device().is_cpu() || !type || !shape || x.numel() == 0) return false;
  return !pool || (x.size(2) % 2 == 0 && x.size(3) % 2 == 0);
}

Tensor norm_block(const Tensor& x, const NormBlock& block, BatchStatistics& statistics) {
  return NormBlockFunction::apply(channels_innermost(x), block.weight, block.bias, &block, &statistics);
}

Tensor affine_epilogue(const Tensor& x, BlockActivation activation, const Tensor& scale, const Tensor& offset,
                       bool pool) {
  const Tensor in = channels_innermost(x), y = empty_output(in, pool, in.scalar_type());
  const Tensor factor = scale.defined() ? scale : at::ones({in.size(1)});
  const Tensor shift = offset.defined() ? offset : at::zeros({in.size(1)});
  with_type(in, [&](auto type) {
    using T = decltype(type);
    write_lines(numbers_in<T>(in), numbers_in<T>(y), nullptr, {Geometry(in), pool}, activation,
                {numbers_in<float>(factor), numbers_in<float>(shift)}, {pool, false, {}});
  });
  return y;
}

}  // namespace svhn::kernels
