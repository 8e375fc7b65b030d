#include "interpret/tsne/grid_fft.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>

#include "interpret/tsne/vector.h"

namespace svhn::interpret {
namespace {

using torch::Tensor;

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

/// The kernel, without what pairs nearer than the radius are given one by one: with s = radius^2 and
/// z = (s - d^2) / (1 + s) the kernel is 1 / (1 + s) times the geometric series of z, of which kKernelTerms
/// stay.
Tensor softened(const Tensor& squared, const GridPlan& plan) {
  const Tensor whole = (plan.lowered() > 0.0 ? -squared : at::ones_like(squared)) / (squared + 1.0);
  if (plan.radius == 0.0) return whole;
  const double border = plan.radius * plan.radius;
  const Tensor z = (border - squared) / (1.0 + border);
  Tensor sum = at::ones_like(z);
  for (int term = 1; term < kKernelTerms; ++term) sum = sum * z + 1.0;
  return at::where(z > 0.0, sum / (1.0 + border), whole);
}

}  // namespace

Tensor kernel_transform(const GridPlan& plan, const torch::Device& device) {
  const auto columns = plan.nodes[0], rows = plan.nodes[1];
  const Tensor dx = circular_offsets(columns, plan.spacing, device).unsqueeze(0);
  const Tensor dy = circular_offsets(rows, plan.spacing, device).unsqueeze(1);
  const Tensor squared = dx.square() + dy.square();
  const Tensor weight = softened(squared, plan);
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
  const auto rows = charges.size(0), columns = charges.size(1);
  const Tensor spectrum = at::fft_fft(at::fft_rfft(charges, 2 * columns, 1).t(), 2 * rows, 1);
  const Tensor by_column = at::fft_ifft(spectrum * kernel, 2 * rows, 1).slice(1, 0, rows);
  return at::fft_irfft(by_column.t(), 2 * columns, 1).slice(1, 0, columns).contiguous();
}

}  // namespace svhn::interpret
