#include "tune/parzen.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <numeric>

namespace svhn::tune {
namespace {

constexpr double kPriorWeight = 1.0;

double cumulative(double z) {
  return 0.5 * std::erfc(-z / std::numbers::sqrt2);
}

/// @returns the probability of (low, high) in a normal distribution.
double mass(double mean, double deviation, double low, double high) {
  return cumulative((high - mean) / deviation) - cumulative((low - mean) / deviation);
}

/// @returns the weights of n values from the oldest to the newest: 1 for the last 25, a ramp before them.
std::vector<double> weights_by_age(std::size_t n) {
  constexpr std::size_t kFull = 25;
  std::vector<double> weights(n, 1.0);
  const std::size_t ramp = n > kFull ? n - kFull : 0;
  const double first = 1.0 / static_cast<double>(n);
  for (std::size_t i = 0; i < ramp; ++i) {
    weights[i] =
        ramp == 1 ? first : first + (1.0 - first) * static_cast<double>(i) / static_cast<double>(ramp - 1);
  }
  return weights;
}

}  // namespace

Parzen::Parzen(const Axis& axis, const std::vector<double>& values) : axis_(axis) {
  const auto weights = weights_by_age(values.size());
  for (std::size_t i = 0; i < values.size(); ++i) kernels_.push_back({values[i], 1.0, weights[i]});
  kernels_.push_back({(axis.low + axis.high) / 2, 1.0, kPriorWeight});
  double sum = 0.0;
  for (const Kernel& kernel : kernels_) sum += kernel.weight;
  for (Kernel& kernel : kernels_) kernel.weight /= sum;
  if (axis.kind != Axis::Kind::categorical) set_deviations();
}

void Parzen::set_deviations() {
  constexpr double kMostNarrow = 100.0;
  const double range = axis_.high - axis_.low;
  const auto n = static_cast<double>(kernels_.size());
  const double least = range / std::min(kMostNarrow, 1.0 + n);
  std::vector<std::size_t> order(kernels_.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return kernels_[a].mean < kernels_[b].mean; });
  for (std::size_t i = 0; i < order.size(); ++i) {
    Kernel& kernel = kernels_[order[i]];
    const double left = i > 0 ? kernel.mean - kernels_[order[i - 1]].mean : 0.0;
    const double right = i + 1 < order.size() ? kernels_[order[i + 1]].mean - kernel.mean : 0.0;
    kernel.deviation = std::clamp(std::max(left, right), least, range);
  }
  kernels_.back().deviation = range;
}

double Parzen::density(double x) const {
  if (axis_.kind == Axis::Kind::categorical) return category_density(x);
  double sum = 0.0;
  for (const Kernel& kernel : kernels_) sum += kernel.weight * kernel_density(kernel, x);
  return sum;
}

double Parzen::kernel_density(const Kernel& kernel, double x) const {
  const double inside = mass(kernel.mean, kernel.deviation, axis_.low, axis_.high);
  if (axis_.kind == Axis::Kind::ordered) {
    return mass(kernel.mean, kernel.deviation, x - 0.5, x + 0.5) / inside;
  }
  const double z = (x - kernel.mean) / kernel.deviation;
  const double scale = kernel.deviation * std::sqrt(2.0 * std::numbers::pi);
  return std::exp(-z * z / 2) / scale / inside;
}

/// A kernel has its own category, and a share of the prior for all.
double Parzen::category_density(double x) const {
  const auto count = static_cast<double>(axis_.count);
  const double share = kPriorWeight / static_cast<double>(kernels_.size());
  double sum = kernels_.back().weight / count;
  for (std::size_t i = 0; i + 1 < kernels_.size(); ++i) {
    const double own = kernels_[i].mean == x ? 1.0 : 0.0;
    sum += kernels_[i].weight * (own + share) / (1.0 + share * count);
  }
  return sum;
}

const Parzen::Kernel& Parzen::draw_kernel(core::CounterRandom& random) const {
  double place = random.uniform();
  for (const Kernel& kernel : kernels_) {
    if (place < kernel.weight) return kernel;
    place -= kernel.weight;
  }
  return kernels_.back();
}

double Parzen::draw(core::CounterRandom& random) const {
  if (axis_.kind == Axis::Kind::categorical) {
    double place = random.uniform();
    for (std::size_t i = 0; i < axis_.count; ++i) {
      place -= category_density(static_cast<double>(i));
      if (place < 0.0) return static_cast<double>(i);
    }
    return static_cast<double>(axis_.count - 1);
  }
  const Kernel& kernel = draw_kernel(random);
  // A third or more of every kernel is inside.
  const auto draw = [&] { return kernel.mean + kernel.deviation * random.normal(); };
  double x = draw();
  while (!(x >= axis_.low && x < axis_.high)) x = draw();
  return axis_.kind == Axis::Kind::ordered ? std::round(x) : x;
}

}  // namespace svhn::tune
