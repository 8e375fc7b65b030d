#include "kernels/dropout.h"

#include <ATen/Parallel.h>
#include <torch/csrc/autograd/custom_function.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "core/error.h"
#include "core/random.h"
#include "core/vector_clones.h"
#include "kernels/bfloat16.h"

namespace svhn::kernels {
namespace {

using torch::Tensor;
using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

SVHN_VECTOR_CLONES
void mask_row(const float* in, float* out, std::uint32_t count, std::uint32_t base, const DropoutMask& mask) {
  const std::uint32_t threshold = mask.threshold;
  const auto scale = static_cast<float>(mask.scale);
  for (std::uint32_t i = 0; i < count; ++i) out[i] = kept(base, i, threshold) ? in[i] * scale : 0.0F;
}

void mask_row(const double* in, double* out, std::uint32_t count, std::uint32_t base,
              const DropoutMask& mask) {
  for (std::uint32_t i = 0; i < count; ++i) {
    out[i] = kept(base, i, mask.threshold) ? in[i] * mask.scale : 0.0;
  }
}

SVHN_VECTOR_CLONES
void mask_row(const std::uint16_t* in, std::uint16_t* out, std::uint32_t count, std::uint32_t base,
              const DropoutMask& mask) {
  const std::uint32_t threshold = mask.threshold;
  const auto scale = static_cast<float>(mask.scale);
  for (std::uint32_t i = 0; i < count; ++i) {
    const std::uint16_t result = to_bfloat16(to_float(in[i]) * scale);
    out[i] = kept(base, i, threshold) ? result : std::uint16_t{0};
  }
}

template <typename Scalar>
void mask_rows(const Tensor& in, const Tensor& out, const DropoutMask& mask) {
  const std::int64_t rows = in.size(0);
  const std::int64_t width = rows == 0 ? 0 : in.numel() / rows;
  const auto* source = static_cast<const Scalar*>(in.data_ptr());
  auto* target = static_cast<Scalar*>(out.data_ptr());
  at::parallel_for(0, rows, 1, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t row = begin; row < end; ++row) {
      mask_row(source + row * width, target + row * width, static_cast<std::uint32_t>(width),
               mask.row_base(row), mask);
    }
  });
}

/// Devices other than the processor: the same hash, spelled in tensor operations on 64-bit integers.
Tensor device_mask(std::int64_t rows, std::int64_t width, const torch::Device& device,
                   const DropoutMask& mask) {
  const torch::Scalar word(std::int64_t{0xFFFFFFFF});
  const auto options = torch::TensorOptions().dtype(torch::kInt64);
  std::vector<std::int64_t> bases(static_cast<std::size_t>(rows));
  for (std::int64_t row = 0; row < rows; ++row) bases[static_cast<std::size_t>(row)] = mask.row_base(row);
  const auto base = torch::from_blob(bases.data(), {rows, 1}, options).to(device);
  const auto element = torch::arange(width, options.device(device));
  auto x = (base + element * torch::Scalar(std::int64_t{0x9E3779B9})).bitwise_and(word);
  x = x.bitwise_xor(x.bitwise_right_shift(torch::Scalar(16)));
  x = (x * torch::Scalar(std::int64_t{0x85EBCA6B})).bitwise_and(word);
  x = x.bitwise_xor(x.bitwise_right_shift(torch::Scalar(13)));
  x = (x * torch::Scalar(std::int64_t{0xC2B2AE35})).bitwise_and(word);
  x = x.bitwise_xor(x.bitwise_right_shift(torch::Scalar(16)));
  return x.ge(static_cast<std::int64_t>(mask.threshold));
}

Tensor apply_mask(const Tensor& input, const DropoutMask& mask) {
  const Tensor in = input.is_non_overlapping_and_dense() ? input : input.contiguous();
  if (!in.device().is_cpu()) {
    const std::int64_t rows = in.size(0), width = in.numel() / std::max<std::int64_t>(rows, 1);
    const auto flat = device_mask(rows, width, in.device(), mask).to(in.scalar_type()) * mask.scale;
    return in * flat.as_strided(in.sizes(), in.strides());
  }
  Tensor out = at::empty_like(in);
  if (in.scalar_type() == torch::kFloat32) {
    mask_rows<float>(in, out, mask);
  } else if (in.scalar_type() == torch::kBFloat16) {
    mask_rows<std::uint16_t>(in, out, mask);
  } else if (in.scalar_type() == torch::kFloat64) {
    mask_rows<double>(in, out, mask);
  } else {
    throw core::Error(core::ExitCode::bug,
                      std::string("dropout does not take ") + c10::toString(in.scalar_type()));
  }
  return out;
}

/// The backward pass computes the mask again, which is cheaper than storing it.
struct DropoutFunction : torch::autograd::Function<DropoutFunction> {
  static Tensor forward(AutogradContext* context, const Tensor& input, const DropoutMask* mask) {
    const auto word = [](auto value) { return static_cast<std::int64_t>(value); };
    context->saved_data["seed"] = word(mask->seed);
    context->saved_data["stream"] = word(mask->stream);
    context->saved_data["step"] = mask->step;
    context->saved_data["first_row"] = mask->first_row;
    context->saved_data["threshold"] = word(mask->threshold);
    context->saved_data["scale"] = mask->scale;
    context->saved_data["strides"] = input.strides().vec();
    return apply_mask(input, *mask);
  }

  static variable_list backward(AutogradContext* context, variable_list gradients) {
    auto& saved = context->saved_data;
    const DropoutMask mask{static_cast<std::uint64_t>(saved["seed"].toInt()),
                           static_cast<std::uint64_t>(saved["stream"].toInt()),
                           saved["step"].toInt(),
                           saved["first_row"].toInt(),
                           static_cast<std::uint32_t>(saved["threshold"].toInt()),
                           saved["scale"].toDouble()};
    // The mask follows memory order, so the gradient needs the input's strides.
    const auto strides = saved["strides"].toIntVector();
    Tensor gradient = gradients[0];
    if (gradient.strides().vec() != strides) {
      Tensor same = at::empty_strided(gradient.sizes(), strides, gradient.options());
      same.copy_(gradient);
      gradient = same;
    }
    return {apply_mask(gradient, mask), Tensor()};
  }
};

}  // namespace

std::uint32_t DropoutMask::row_base(std::int64_t row) const {
  const auto word = core::philox4x32(
      {static_cast<std::uint32_t>(step), static_cast<std::uint32_t>(step >> 32),
       static_cast<std::uint32_t>(first_row + row), static_cast<std::uint32_t>(stream >> 32)},
      {static_cast<std::uint32_t>(seed ^ (seed >> 32)), static_cast<std::uint32_t>(stream)});
  return word[0];
}

DropoutMask make_dropout_mask(double rate, const DropoutKey& key) {
  // A rate within 2^-33 of 1 would round up to 2^32, which is no 32-bit number.
  const double threshold = std::min(std::round(rate * 4294967296.0), 4294967295.0);
  return {key.seed,          key.stream, key.step, key.first_row, static_cast<std::uint32_t>(threshold),
          1.0 / (1.0 - rate)};
}

void dropout_rows(const float* from, float* to, std::int64_t rows, std::int64_t width, double rate,
                  const DropoutKey& key) {
  const DropoutMask mask = make_dropout_mask(rate, key);
  for (std::int64_t row = 0; row < rows; ++row) {
    mask_row(from + row * width, to + row * width, static_cast<std::uint32_t>(width), mask.row_base(row),
             mask);
  }
}

Tensor dropout_kept(std::int64_t rows, std::int64_t width, double rate, const DropoutKey& key,
                    const torch::Device& device) {
  return device_mask(rows, width, device, make_dropout_mask(rate, key));
}

Tensor dropout(const Tensor& input, double rate, const DropoutKey& key) {
  if (rate <= 0.0) return input;
  const DropoutMask mask = make_dropout_mask(rate, key);
  const Tensor dense = input.is_non_overlapping_and_dense() ? input : input.contiguous();
  return DropoutFunction::apply(dense, &mask);
}

}  // namespace svhn::kernels
