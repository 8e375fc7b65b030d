#include "metric/temperature.h"

#include <algorithm>
#include <cmath>
#include <cstddef>

#include "core/error.h"

namespace svhn::metric {
namespace {

/// Of the mean cross-entropy by b = 1 / temperature, in which it is convex.
struct Derivatives {
  double first = 0.0;   ///< The mean logit under the softmax, less that of the label.
  double second = 0.0;  ///< The variance of the logits under the softmax.
};

Derivatives derivatives_of(const float* logits, int label, double b) {
  const double largest = *std::max_element(logits, logits + kClasses);
  double weight = 0.0, mean = 0.0, square = 0.0;
  for (int i = 0; i < kClasses; ++i) {
    const double z = static_cast<double>(logits[i]) - largest, p = std::exp(b * z);
    weight += p;
    mean += p * z;
    square += p * z * z;
  }
  mean /= weight;
  return {mean - (static_cast<double>(logits[label]) - largest), square / weight - mean * mean};
}

Derivatives mean_derivatives(std::span<const float> logits, std::span<const int> labels, double b) {
  Derivatives sum;
  for (std::size_t i = 0; i < labels.size(); ++i) {
    const Derivatives one = derivatives_of(logits.data() + i * kClasses, labels[i], b);
    sum.first += one.first;
    sum.second += one.second;
  }
  const auto n = static_cast<double>(labels.size());
  return {sum.first / n, sum.second / n};
}

}  // namespace

double fit_temperature(std::span<const float> logits, std::span<const int> labels, double least,
                       double most) {
  if (labels.empty() || logits.size() != labels.size() * kClasses) {
    throw core::Error(core::ExitCode::bug, "logits and labels do not fit together");
  }
  for (const int label : labels) class_slot(label);
  double low = 1.0 / most, high = 1.0 / least;
  if (mean_derivatives(logits, labels, low).first >= 0.0) return most;
  if (mean_derivatives(logits, labels, high).first <= 0.0) return least;
  // Newton's steps, halving the bracket where one would leave it.
  double b = std::clamp(1.0, low, high);
  constexpr int kMostSteps = 200;
  constexpr double kPrecision = 1e-9;
  for (int step = 0; step < kMostSteps && high - low > kPrecision * low; ++step) {
    const Derivatives at = mean_derivatives(logits, labels, b);
    (at.first < 0.0 ? low : high) = b;
    const double newton = at.second > 0.0 ? b - at.first / at.second : low;
    const double next = newton > low && newton < high ? newton : 0.5 * (low + high);
    if (std::abs(next - b) <= kPrecision * b) return 1.0 / next;
    b = next;
  }
  return 1.0 / b;
}

}  // namespace svhn::metric
