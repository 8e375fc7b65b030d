#include "kernels/norm_block.h"

#include <torch/csrc/autograd/custom_function.h>

#include <algorithm>
#include <vector>

#include "kernels/norm_kernels.h"

namespace svhn::kernels {
namespace {

using torch::Tensor;
using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

/// A tensor in channels-last order: N H rows of W pixels of C numbers; [N,F] counts as rows of one pixel.
struct FeatureMap {
  std::int64_t images, height, width, channels;

  explicit FeatureMap(const torch::Tensor& x)
      : images(x.size(0)),
        height(x.dim() == 4 ? x.size(2) : 1),
        width(x.dim() == 4 ? x.size(3) : 1),
        channels(x.size(1)) {}
  [[nodiscard]] std::int64_t pixels() const { return images * height * width; }
  [[nodiscard]] std::int64_t row_size() const { return width * channels; }
};

/// The operations after batch norm.
struct Epilogue {
  BlockActivation after;
  bool pool;
  bool drop;
  DropoutMask mask;
};

/// The rows of a block's output. Each is computed from one row of the input, with pooling from two.
struct OutputRows {
  FeatureMap in;
  bool pool;

  [[nodiscard]] std::int64_t per_image() const { return pool ? in.height / 2 : in.height; }
  [[nodiscard]] std::int64_t count() const { return in.images * per_image(); }
  [[nodiscard]] std::int64_t size() const { return pool ? in.row_size() / 2 : in.row_size(); }
  /// @returns the numbers of the input for one row.
  [[nodiscard]] std::int64_t input_size() const { return pool ? 2 * in.row_size() : in.row_size(); }
  [[nodiscard]] std::int64_t grain() const { return std::max<std::int64_t>(1, kGrainSize / input_size()); }

  void mask(float* values, std::int64_t row, const DropoutMask& dropout) const {
    const std::int64_t image = row / per_image(), first = row % per_image() * size();
    mask_range(values, size(), static_cast<std::uint32_t>(first), dropout.row_base(image), dropout);
  }
};

Tensor channels_innermost(const Tensor& x) {
  return x.dim() == 4 ? x.contiguous(at::MemoryFormat::ChannelsLast) : x.contiguous();
}

/// Applies the activation in place. @returns the sums of x - shift and of its squares, [2 C].
template <class T>
std::vector<double> activate(T* x, BlockActivation activation, const FeatureMap& g, const Floats& shift) {
  const std::int64_t strips = (g.pixels() + kStripPixels - 1) / kStripPixels;
  const auto sum_part = [&](std::int64_t begin, std::int64_t end, double* sums) {
    Floats floats(static_cast<std::size_t>(2 * g.channels));
    const ShiftedSums channel_sums{shift.data(), floats.data(), floats.data() + g.channels};
    for (std::int64_t strip = begin; strip < end; ++strip) {
      const std::int64_t first = strip * kStripPixels, count = std::min(kStripPixels, g.pixels() - first);
      activate_and_sum(activation, x + first * g.channels, count, g.channels, channel_sums);
      add_and_clear(floats, sums);
    }
  };
  return sum_in_parts(strips, kStripPixels * g.channels, 2 * g.channels, sum_part);
}

/// @returns the activated first pixel: the shift of the sums, usually nearer to the mean than zero.
template <class T>
Floats first_pixel(const T* x, BlockActivation activation, std::int64_t channels) {
  std::vector<T> pixel(x, x + channels);
  Floats zero(static_cast<std::size_t>(channels)), shift(zero), unused(zero);
  activate_and_sum(activation, pixel.data(), 1, channels, {zero.data(), shift.data(), unused.data()});
  return shift;
}

Epilogue make_epilogue(const NormBlock& block) {
  return {block.after, block.pool, block.dropout_rate > 0.0,
          make_dropout_mask(block.dropout_rate, block.dropout_key)};
}

/// Writes every output row: activation, scale and offset, second activation, pooling, dropout.
/// @param argmax of the pooling, or nullptr.
template <class T>
void write_rows(const T* x, T* y, std::uint8_t* argmax, const OutputRows& rows, BlockActivation activation,
                const ChannelAffine& affine, const Epilogue& epilogue) {
  const FeatureMap& in = rows.in;
  at::parallel_for(0, rows.count(), rows.grain(), [&](std::int64_t begin, std::int64_t end) {
    Floats source(static_cast<std::size_t>(epilogue.pool ? rows.input_size() : 0)), scratch(rows.size());
    std::vector<std::uint8_t> unused_argmax(static_cast<std::size_t>(argmax == nullptr ? rows.size() : 0));
    for (std::int64_t row = begin; row < end; ++row) {
      const T* from = x + row * rows.input_size();
      T* to = y + row * rows.size();
      float* floats = float_row(to, scratch.data());
      activate_and_scale(activation, from, epilogue.pool ? source.data() : floats,
                         rows.input_size() / in.channels, in.channels, affine);
      if (epilogue.pool) {
        pool_rows(source.data(), source.data() + in.row_size(), floats,
                  argmax == nullptr ? unused_argmax.data() : argmax + row * rows.size(), in.width / 2,
                  in.channels);
      }
      if (argmax != nullptr && epilogue.after == BlockActivation::relu)
        block_argmax(floats, argmax + row * rows.size(), rows.size());
      // Every activation is monotone, so it may follow the pooling, where a quarter of the numbers is left.
      if (epilogue.after != BlockActivation::linear) activate_range(epilogue.after, floats, rows.size());
      if (epilogue.drop) rows.mask(floats, row, epilogue.mask);
      store_row(floats, to, rows.size());
    }
  });
}

Tensor empty_output(const Tensor& x, bool pool, torch::ScalarType type) {
  auto sizes = x.sizes().vec();
  if (pool) sizes = {sizes[0], sizes[1], sizes[2] / 2, sizes[3] / 2};
  if (x.dim() != 4) return at::empty(sizes, at::TensorOptions(type));
  return at::empty(sizes, at::TensorOptions(type), at::MemoryFormat::ChannelsLast);
}

/// Saved for the backward pass besides x and the weight.
struct Saved : torch::CustomClassHolder {
  BlockActivation activation{};
  Epilogue epilogue{};
  Moments moments;
  Tensor scale, offset;  ///< Batch norm is x scale + offset, f32 [C] each.
  Tensor argmax;         ///< u8, as the output; pooling only.
  distributed::ProcessGroup* group = nullptr;
};

/// Computes the gradient at batch norm's output from that of the block's output, row by row.
template <class T>
class RowGradients {
 public:
  RowGradients(const T* gradient, const T* x, const Saved& saved, const OutputRows& rows)
      : gradient_(gradient),
        x_(x),
        affine_{numbers_in<float>(saved.scale), numbers_in<float>(saved.offset)},
        argmax_(saved.epilogue.pool ? numbers_in<std::uint8_t>(saved.argmax) : nullptr),
        epilogue_(saved.epilogue),
        rows_(rows),
        narrow_(rows.size()),
        wide_(static_cast<std::size_t>(epilogue_.pool ? rows.input_size() : 0)),
        largest_(static_cast<std::size_t>(epilogue_.pool ? rows.size() : 0)) {}

  /// @returns `input_size` numbers, valid until the next call.
  const float* at(std::int64_t row) {
    const std::int64_t first = row * rows_.size();
    widen(gradient_ + first, narrow_.data(), rows_.size());
    if (epilogue_.drop) rows_.mask(narrow_.data(), row, epilogue_.mask);
    const bool blocked = epilogue_.pool && epilogue_.after == BlockActivation::relu;  // By block_argmax.
    if (epilogue_.after != BlockActivation::linear && !blocked) pass_after(row);
    if (!epilogue_.pool) return narrow_.data();
    const FeatureMap& in = rows_.in;
    unpool_row(narrow_.data(), argmax_ + first, wide_.data(), wide_.data() + in.row_size(), in.width / 2,
               in.channels);
    return wide_.data();
  }

 private:
  /// Takes the gradients in `narrow_` through the second activation, behind which the pooling is.
  void pass_after(std::int64_t row) {
    const FeatureMap& in = rows_.in;
    const T* x = x_ + row * rows_.input_size();
    const std::int64_t pixels = rows_.size() / in.channels;
    if (!epilogue_.pool)
      return activation_gradients(epilogue_.after, x, narrow_.data(), pixels, in.channels, affine_);
    take_argmax(x, x + in.row_size(), argmax_ + row * rows_.size(), largest_.data(), pixels, in.channels);
    activation_gradients(epilogue_.after, largest_.data(), narrow_.data(), pixels, in.channels, affine_);
  }

  const T* gradient_;
  const T* x_;
  ChannelAffine affine_;
  const std::uint8_t* argmax_;
  Epilogue epilogue_;
  OutputRows rows_;
  Floats narrow_, wide_, largest_;
};

/// @returns the sums of g and of g (x - mean), [2 C].
template <class T>
std::vector<double> gradient_sums(const T* gradient, const T* x, const Saved& saved, const OutputRows& rows) {
  const std::int64_t channels = rows.in.channels;
  const auto sum_part = [&](std::int64_t begin, std::int64_t end, double* sums) {
    RowGradients<T> gradients(gradient, x, saved, rows);
    Floats floats(static_cast<std::size_t>(2 * channels));
    const GradientSums channel_sums{numbers_in<float>(saved.moments.mean), floats.data(),
                                    floats.data() + channels};
    for (std::int64_t row = begin; row < end; ++row) {
      sum_gradients(gradients.at(row), x + row * rows.input_size(), rows.input_size() / channels, channels,
                    channel_sums);
      add_and_clear(floats, sums);
    }
  };
  return sum_in_parts(rows.count(), rows.input_size(), 2 * channels, sum_part);
}

std::vector<double> sums_of_all(const std::vector<double>& own, distributed::ProcessGroup* group) {
  if (group == nullptr) return own;
  // The same all_reduce as in sync_batch_norm, which a process without images runs.
  const Tensor sums = torch::tensor(own, torch::kFloat64).view({2, -1});
  group->all_reduce(sums);
  return {numbers_in<double>(sums), numbers_in<double>(sums) + sums.numel()};
}

template <class T>
void write_input_gradient(const T* gradient, const T* x, T* dx, const Saved& saved, const OutputRows& rows,
                          const GradientCoefficients& coefficients) {
  const std::int64_t channels = rows.in.channels;
  at::parallel_for(0, rows.count(), rows.grain(), [&](std::int64_t begin, std::int64_t end) {
    RowGradients<T> gradients(gradient, x, saved, rows);
    for (std::int64_t row = begin; row < end; ++row) {
      const std::int64_t first = row * rows.input_size();
      input_gradients(saved.activation, gradients.at(row), x + first, dx + first,
                      rows.input_size() / channels, channels, coefficients);
    }
  });
}

struct NormBlockFunction : torch::autograd::Function<NormBlockFunction> {
  static Tensor forward(AutogradContext* context, const Tensor& x, const Tensor& weight, const Tensor& bias,
                        const NormBlock* block, BatchStatistics* statistics) {
    const FeatureMap in(x);
    auto saved = c10::make_intrusive<Saved>();
    saved->activation = block->activation;
    saved->epilogue = make_epilogue(*block);
    saved->group = block->group;
    const Tensor y = empty_output(x, block->pool, x.scalar_type());
    if (block->pool) saved->argmax = empty_output(x, true, torch::kUInt8);
    with_type(x, [&](auto type) { run(numbers_in<decltype(type)>(x), y, weight, bias, *block, in, *saved); });
    *statistics = {saved->moments.mean, saved->moments.variance,
                   static_cast<std::int64_t>(saved->moments.count)};
    context->save_for_backward({x, weight});
    context->saved_data["block"] = c10::IValue::make_capsule(saved);
    return y;
  }

  template <class T>
  static void run(T* x, const Tensor& y, const Tensor& weight, const Tensor& bias, const NormBlock& block,
                  const FeatureMap& in, Saved& saved) {
    const Floats shift = first_pixel(x, block.activation, in.channels);
    distributed::ChannelMoments all =
        own_moments(activate(x, block.activation, in, shift), shift, in.pixels());
    if (block.group != nullptr) all = distributed::all_reduce_moments(all, block.group_shift, *block.group);
    saved.moments = moments_of(all, block.epsilon);
    saved.scale = saved.moments.deviation * weight.detach();
    saved.offset = bias.detach() - saved.moments.mean * saved.scale;
    auto* argmax = block.pool ? numbers_in<std::uint8_t>(saved.argmax) : nullptr;
    write_rows(x, numbers_in<T>(y), argmax, {in, block.pool}, BlockActivation::linear,
               {numbers_in<float>(saved.scale), numbers_in<float>(saved.offset)}, saved.epilogue);
  }

  static variable_list backward(AutogradContext* context, variable_list gradients) {
    const auto variables = context->get_saved_variables();
    const auto saved = c10::static_intrusive_pointer_cast<Saved>(context->saved_data["block"].toCapsule());
    const Tensor& x = variables[0];
    const Tensor gradient = channels_innermost(gradients[0]);
    const OutputRows rows{FeatureMap(x), saved->epilogue.pool};
    const Tensor dx = at::empty_like(x);
    Tensor weight_gradient, bias_gradient;
    with_type(x, [&](auto type) {
      using T = decltype(type);
      const auto own = gradient_sums(numbers_in<T>(gradient), numbers_in<T>(x), *saved, rows);
      weight_gradient = at::empty_like(saved->moments.mean);
      bias_gradient = at::empty_like(saved->moments.mean);
      const BackwardCoefficients coefficients(sums_of_all(own, saved->group), numbers_in<float>(variables[1]),
                                              saved->moments);
      write_norm_gradients(own, saved->moments, numbers_in<float>(weight_gradient),
                           numbers_in<float>(bias_gradient));
      write_input_gradient(numbers_in<T>(gradient), numbers_in<T>(x), numbers_in<T>(dx), *saved, rows,
                           {coefficients.scale.data(), numbers_in<float>(saved->moments.mean),
                            coefficients.slope.data(), coefficients.offset.data()});
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
                       bool pool, BlockActivation after) {
  const Tensor in = channels_innermost(x), y = empty_output(in, pool, in.scalar_type());
  const Tensor factor = scale.defined() ? scale : at::ones({in.size(1)});
  const Tensor shift = offset.defined() ? offset : at::zeros({in.size(1)});
  with_type(in, [&](auto type) {
    using T = decltype(type);
    write_rows(numbers_in<T>(in), numbers_in<T>(y), nullptr, {FeatureMap(in), pool}, activation,
               {numbers_in<float>(factor), numbers_in<float>(shift)}, {after, pool, false, {}});
  });
  return y;
}

}  // namespace svhn::kernels
