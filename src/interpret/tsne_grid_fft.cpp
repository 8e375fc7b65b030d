#include "tsne_grid_fft.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>

#include <algorithm>
#include <cmath>

#include "tsne_vector.h"

namespace svhn::interpret {
namespace {

using torch::Tensor;
using Complex = c10::complex<float>;

constexpr std::int64_t kChunk = 32;  // rows transformed together: they stay in a core's cache

/// Signed distances from node 0 in the order of a circular convolution: 0, 1, … n - 1, n, -(n - 1), … -1.
Tensor circular_offsets(std::int64_t nodes, double spacing, const torch::Device& device) {
  const Tensor offsets = at::arange(2 * nodes, at::TensorOptions().dtype(at::kFloat).device(device));
  const auto half = static_cast<double>(nodes);
  return at::where(offsets > half, offsets - 2.0 * half, offsets) * spacing;
}

/// The transform of a cubic B-spline at the nodes, f32 [count], for an axis of 2 * nodes.
Tensor spline_transform(std::int64_t count, std::int64_t nodes, const torch::Device& device) {
  const Tensor steps = at::arange(count, at::TensorOptions().dtype(at::kDouble).device(device));
  return (((steps * (std::acos(-1.0) / static_cast<double>(nodes))).cos() + 2.0) / 3.0).to(at::kFloat);
}

/// LibTorch's transforms use one thread each, so the rows are shared out by chunks.
template <typename Work>
void for_chunks(std::int64_t rows, Work work) {
  at::parallel_for(0, (rows + kChunk - 1) / kChunk, 1, [&](std::int64_t begin, std::int64_t end) {
    for (auto chunk = begin; chunk < end; ++chunk) work(chunk * kChunk, std::min(rows, (chunk + 1) * kChunk));
  });
}

/// Writes the first `width` columns of c64 [n,…] as columns `first` … `first` + n of `out`.
void write_transposed(const Tensor& chunk, std::int64_t width, std::int64_t first, const Tensor& out) {
  const auto rows = chunk.size(0), stride = chunk.stride(0), out_stride = out.size(1);
  const auto* source = data_of<Complex>(chunk);
  auto* target = data_of<Complex>(out) + first;
  for (std::int64_t column = 0; column < width; ++column) {
    for (std::int64_t row = 0; row < rows; ++row)
      target[column * out_stride + row] = source[row * stride + column];
  }
}

void scale_by(const Tensor& chunk, const Tensor& factors) {
  auto* values = data_of<Complex>(chunk);
  const auto* by = data_of<float>(factors);
  for (std::int64_t i = 0; i < chunk.numel(); ++i) values[i] *= by[i];
}

/// Rows of `charges` are transformed to twice their length, transposed.
Tensor transform_rows(const Tensor& charges) {
  const auto rows = charges.size(0), columns = charges.size(1);
  Tensor by_column = at::empty({columns + 1, rows}, charges.options().dtype(at::kComplexFloat));
  for_chunks(rows, [&](std::int64_t begin, std::int64_t end) {
    const Tensor spectra = at::fft_rfft(charges.slice(0, begin, end), 2 * columns, 1).contiguous();
    write_transposed(spectra, columns + 1, begin, by_column);
  });
  return by_column;
}

Tensor convolve_by_tensors(const Tensor& charges, const Tensor& kernel) {
  const auto rows = charges.size(0), columns = charges.size(1);
  const Tensor spectrum = at::fft_fft(at::fft_rfft(charges, 2 * columns, 1).t(), 2 * rows, 1);
  const Tensor by_column = at::fft_ifft(spectrum * kernel, 2 * rows, 1).slice(1, 0, rows);
  return at::fft_irfft(by_column.t(), 2 * columns, 1).slice(1, 0, columns).contiguous();
}

}  // namespace

Tensor kernel_transform(const GridPlan& plan, const torch::Device& device) {
  const auto columns = plan.nodes[0], rows = plan.nodes[1];
  const Tensor dx = circular_offsets(columns, plan.spacing, device).unsqueeze(0);
  const Tensor dy = circular_offsets(rows, plan.spacing, device).unsqueeze(1);
  const Tensor squared = dx.square() + dy.square();
  const Tensor weight = (plan.lowered() > 0.0 ? -squared : at::ones_like(squared)) / (squared + 1.0);
  // Splines do not pass through their coefficients; divided so, those of both sides pass through the kernel.
  const Tensor splines = spline_transform(columns + 1, columns, device).unsqueeze(1) *
                         spline_transform(2 * rows, rows, device).unsqueeze(0);
  const Tensor transform = at::fft_fft(at::fft_rfft(weight, 2 * columns, 1).t(), 2 * rows, 1);
  return (at::real(transform) / splines.square()).contiguous();
}

Tensor kernel_near_zero(const Tensor& kernel) {
  const auto columns = kernel.size(0) - 1, length = kernel.size(1);
  const auto options = kernel.options().dtype(at::kDouble);
  const auto waves = [&](std::int64_t count, std::int64_t period) {
    const Tensor phase = at::outer(at::arange(count, options), at::arange(kStencil, options));
    return (phase * (2.0 * std::acos(-1.0) / static_cast<double>(period))).cos() /
           static_cast<double>(period);
  };
  const Tensor across = waves(columns + 1, 2 * columns);
  across.slice(0, 1, columns).mul_(2.0);  // half of the spectrum stands for both
  const Tensor by_column = at::mm(across.t(), kernel.to(at::kDouble));
  return at::mm(by_column, waves(length, length)).to(at::kFloat).contiguous();
}

Tensor convolve(const Tensor& charges, const Tensor& kernel) {
  if (!charges.device().is_cpu()) return convolve_by_tensors(charges, kernel);
  const auto rows = charges.size(0), columns = charges.size(1);
  const Tensor by_column = transform_rows(charges);
  const Tensor by_row = at::empty({rows, columns + 1}, by_column.options());
  for_chunks(columns + 1, [&](std::int64_t begin, std::int64_t end) {
    const Tensor spectrum = at::fft_fft(by_column.slice(0, begin, end), 2 * rows, 1).contiguous();
    scale_by(spectrum, kernel.slice(0, begin, end));
    write_transposed(at::fft_ifft(spectrum, 2 * rows, 1).contiguous(), rows, begin, by_row);
  });
  Tensor field = at::empty_like(charges);
  for_chunks(rows, [&](std::int64_t begin, std::int64_t end) {
    const Tensor wide = at::fft_irfft(by_row.slice(0, begin, end), 2 * columns, 1);
    field.slice(0, begin, end).copy_(wide.slice(1, 0, columns));
  });
  return field;
}

}  // namespace svhn::interpret
