#include "train/adam_kernel.h"

#include <ATen/Parallel.h>

#include <cmath>

#include "core/vector_clones.h"

namespace svhn::train {
namespace {

// Parameters per thread, some 100 us of one core.
constexpr std::int64_t kGrain = 1 << 18;

template <class T>
[[gnu::always_inline]] inline void step_as(const AdamVectors<T>& vectors, std::int64_t begin,
                                           std::int64_t end, const AdamNumbers& numbers) {
  T* __restrict w = vectors.values;
  T* __restrict m = vectors.m;
  T* __restrict s = vectors.s;
  const T* __restrict g = vectors.gradients;
  const auto b1 = static_cast<T>(numbers.beta1), c1 = static_cast<T>(1.0 - numbers.beta1);
  const auto b2 = static_cast<T>(numbers.beta2), c2 = static_cast<T>(1.0 - numbers.beta2);
  const auto keep = static_cast<T>(numbers.keep), rate = static_cast<T>(numbers.rate);
  const auto root = static_cast<T>(numbers.root), epsilon = static_cast<T>(numbers.epsilon);
  for (std::int64_t i = begin; i < end; ++i) {
    m[i] = b1 * m[i] + c1 * g[i];
    s[i] = b2 * s[i] + c2 * g[i] * g[i];
    w[i] = w[i] * keep - rate * m[i] / (std::sqrt(s[i]) * root + epsilon);
  }
}

SVHN_VECTOR_CLONES
void step_part(const AdamVectors<float>& vectors, std::int64_t begin, std::int64_t end,
               const AdamNumbers& numbers) {
  step_as(vectors, begin, end, numbers);
}

SVHN_VECTOR_CLONES
void step_part(const AdamVectors<double>& vectors, std::int64_t begin, std::int64_t end,
               const AdamNumbers& numbers) {
  step_as(vectors, begin, end, numbers);
}

template <class T>
void step_all(const AdamVectors<T>& vectors, std::int64_t count, const AdamNumbers& numbers) {
  at::parallel_for(0, count, kGrain,
                   [&](std::int64_t begin, std::int64_t end) { step_part(vectors, begin, end, numbers); });
}

}  // namespace

void adam_step(const AdamVectors<float>& vectors, std::int64_t count, const AdamNumbers& numbers) {
  step_all(vectors, count, numbers);
}

void adam_step(const AdamVectors<double>& vectors, std::int64_t count, const AdamNumbers& numbers) {
  step_all(vectors, count, numbers);
}

}  // namespace svhn::train
