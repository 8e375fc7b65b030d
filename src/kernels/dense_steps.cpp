#include "kernels/dense_steps.h"

#include <algorithm>
#include <cmath>

#include "kernels/activation.h"
#include "kernels/norm_kernels.h"

namespace svhn::kernels {
namespace {

template <BlockActivation A>
SVHN_INLINE void activate_as(const float* __restrict x, float* __restrict y, std::int64_t count) {
  for (std::int64_t i = 0; i < count; ++i) y[i] = activation_value<A>(x[i]);
}

SVHN_VECTOR_CLONES
void activate(BlockActivation activation, const float* x, float* y, std::int64_t count) {
  SVHN_FOR_EACH_ACTIVATION(activation, activate_as, x, y, count);
}

template <BlockActivation A>
SVHN_INLINE void slope_as(const float* __restrict y, const float* __restrict dy, float* __restrict dx,
                          std::int64_t count) {
  for (std::int64_t i = 0; i < count; ++i) dx[i] = dy[i] * activation_slope<A>(y[i]);
}

SVHN_VECTOR_CLONES
void slope(BlockActivation activation, const float* y, const float* dy, float* dx, std::int64_t count) {
  SVHN_FOR_EACH_ACTIVATION(activation, slope_as, y, dy, dx, count);
}

SVHN_VECTOR_CLONES
void add_rows(const float* __restrict x, float* __restrict sums, std::int64_t rows, std::int64_t width) {
  for (std::int64_t row = 0; row < rows; ++row, x += width) {
    for (std::int64_t i = 0; i < width; ++i) sums[i] += x[i];
  }
}

/// Sums in float over a strip of rows, then in double.
/// @param sum_strip called with (first, count, floats); adds rows [first, first + count) to 2 F floats.
/// @returns the 2 F sums.
template <class SumStrip>
std::vector<double> sum_strips(const RowSizes& sizes, const SumStrip& sum_strip) {
  std::vector<double> sums(static_cast<std::size_t>(2 * sizes.width));
  Floats floats(sums.size());
  for (std::int64_t first = 0; first < sizes.rows; first += kStripPixels) {
    sum_strip(first, std::min(kStripPixels, sizes.rows - first), floats.data());
    add_and_clear(floats, sums.data());
  }
  return sums;
}

std::int64_t index_of_largest(const float* values, std::int64_t count) {
  return std::max_element(values, values + count) - values;
}

/// @param e filled with e^(logit - largest). @returns the logarithm of the sum of e^logit.
SVHN_INLINE double exponentials(const float* logits, float* e, std::int64_t classes, float& sum) {
  const float largest = *std::max_element(logits, logits + classes);
  sum = 0.0F;
  for (std::int64_t k = 0; k < classes; ++k) e[k] = exp_negative(logits[k] - largest);
  for (std::int64_t k = 0; k < classes; ++k) sum += e[k];
  return static_cast<double>(largest) + std::log(static_cast<double>(sum));
}

}  // namespace

void activate_rows(BlockActivation activation, const float* x, float* y, const RowSizes& sizes) {
  activate(activation, x, y, sizes.rows * sizes.width);
}

void activate_rows_backward(BlockActivation activation, const float* y, const float* dy, float* dx,
                            const RowSizes& sizes) {
  slope(activation, y, dy, dx, sizes.rows * sizes.width);
}

void sum_columns(const float* x, float* sums, const RowSizes& sizes) {
  std::fill_n(sums, sizes.width, 0.0F);
  add_rows(x, sums, sizes.rows, sizes.width);
}

Moments norm_rows(const float* x, float* y, const RowSizes& sizes, const RowNorm& norm) {
  const std::int64_t width = sizes.width;
  const Floats shift(x, x + width);
  const auto sums = sum_strips(sizes, [&](std::int64_t first, std::int64_t count, float* floats) {
    // The linear activation does not change x.
    activate_and_sum(BlockActivation::linear, const_cast<float*>(x) + first * width, count, width,
                     {shift.data(), floats, floats + width});
  });
  Moments moments = moments_of(own_moments(sums, shift, sizes.rows), norm.epsilon);
  Floats scale(shift.size()), offset(shift.size());
  for (std::int64_t i = 0; i < width; ++i) {
    scale[i] = numbers_in<float>(moments.deviation)[i] * norm.weight[i];
    offset[i] = norm.bias[i] - numbers_in<float>(moments.mean)[i] * scale[i];
  }
  activate_and_scale(BlockActivation::linear, x, y, sizes.rows, width, {scale.data(), offset.data()});
  return moments;
}

void norm_rows_by(const float* x, float* y, const RowSizes& sizes, const RowNorm& norm,
                  const RowStatistics& statistics) {
  Floats scale(static_cast<std::size_t>(sizes.width)), offset(scale.size());
  for (std::size_t i = 0; i < scale.size(); ++i) {
    const double deviation = std::sqrt(static_cast<double>(statistics.variance[i]) + norm.epsilon);
    scale[i] = static_cast<float>(static_cast<double>(norm.weight[i]) / deviation);
    offset[i] = norm.bias[i] - statistics.mean[i] * scale[i];
  }
  activate_and_scale(BlockActivation::linear, x, y, sizes.rows, sizes.width, {scale.data(), offset.data()});
}

void norm_rows_backward(const float* dy, const float* x, float* dx, const RowSizes& sizes,
                        const Moments& moments, const RowNormGradients& own) {
  const std::int64_t width = sizes.width;
  const auto* mean = numbers_in<float>(moments.mean);
  const auto sums = sum_strips(sizes, [&](std::int64_t first, std::int64_t count, float* floats) {
    sum_gradients(dy + first * width, x + first * width, count, width, {mean, floats, floats + width});
  });
  const BackwardCoefficients coefficients(sums, own.weight, moments);
  write_norm_gradients(sums, moments, own.dweight, own.dbias);
  input_gradients(BlockActivation::linear, dy, x, dx, sizes.rows, width,
                  {coefficients.scale.data(), mean, coefficients.slope.data(), coefficients.offset.data()});
}

RowLoss softmax_loss(const float* logits, const RowTargets& targets, float* gradient, const RowSizes& sizes) {
  const std::int64_t classes = sizes.width;
  const auto n = static_cast<float>(sizes.rows);
  RowLoss result;
  for (std::int64_t row = 0; row < sizes.rows; ++row) {
    const float* own = logits + row * classes;
    const float* wanted = targets.targets + row * classes;
    float* to = gradient + row * classes;
    float sum = 0.0F;
    const double logarithm = exponentials(own, to, classes, sum);
    float weight = 1.0F;
    // Keras weighs an image by its label, also where the target is smoothed.
    if (targets.class_weights != nullptr) weight = targets.class_weights[index_of_largest(wanted, classes)];
    double loss = 0.0;
    const float factor = weight / n, inverse = 1.0F / sum;
    for (std::int64_t k = 0; k < classes; ++k) {
      loss += static_cast<double>(wanted[k]) * (logarithm - static_cast<double>(own[k]));
      to[k] = factor * (to[k] * inverse - wanted[k]);
    }
    result.loss += static_cast<double>(weight) * loss;
    result.right += index_of_largest(own, classes) == targets.labels[row] ? 1 : 0;
  }
  result.loss /= static_cast<double>(sizes.rows);
  return result;
}

}  // namespace svhn::kernels
