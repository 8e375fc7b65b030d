#include "train/optimizer_kernels.h"

#include <ATen/Parallel.h>

#include <cmath>

#include "core/vector_clones.h"

namespace svhn::train {
namespace {

// Parameters per thread, some 100 us of one core.
constexpr std::int64_t kGrain = 1 << 18;

template <class T>
SVHN_INLINE void part(const SgdVectors<T>& vectors, std::int64_t begin, std::int64_t end,
                      const SgdNumbers& numbers) {
  T* __restrict w = vectors.values;
  T* __restrict v = vectors.velocity;
  const T* __restrict g = vectors.gradients;
  const auto decay = static_cast<T>(numbers.decay), keep = static_cast<T>(numbers.keep);
  const auto momentum = static_cast<T>(numbers.momentum), scale = static_cast<T>(numbers.scale);
  const auto by_velocity = static_cast<T>(numbers.velocity_factor);
  const auto by_gradient = static_cast<T>(numbers.gradient_factor);
  for (std::int64_t i = begin; i < end; ++i) {
    const T d = g[i] + decay * w[i];
    v[i] = momentum * v[i] + scale * d;
    w[i] = keep * w[i] + by_velocity * v[i] + by_gradient * d;
  }
}

template <class T>
SVHN_INLINE void part(const AdamVectors<T>& vectors, std::int64_t begin, std::int64_t end,
                      const AdamNumbers& numbers) {
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

// A clone is chosen by name, so it cannot be a template.
#define SVHN_STEP_CLONES(Vectors, Numbers)                                                            \
  SVHN_VECTOR_CLONES                                                                                  \
  void clones(const Vectors& vectors, std::int64_t begin, std::int64_t end, const Numbers& numbers) { \
    part(vectors, begin, end, numbers);                                                               \
  }
SVHN_STEP_CLONES(SgdVectors<float>, SgdNumbers)
SVHN_STEP_CLONES(SgdVectors<double>, SgdNumbers)
SVHN_STEP_CLONES(AdamVectors<float>, AdamNumbers)
SVHN_STEP_CLONES(AdamVectors<double>, AdamNumbers)

template <class Vectors, class Numbers>
void step_all(const Vectors& vectors, std::int64_t count, const Numbers& numbers) {
  at::parallel_for(0, count, kGrain,
                   [&](std::int64_t begin, std::int64_t end) { clones(vectors, begin, end, numbers); });
}

}  // namespace

void sgd_step(const SgdVectors<float>& vectors, std::int64_t count, const SgdNumbers& numbers) {
  step_all(vectors, count, numbers);
}

void sgd_step(const SgdVectors<double>& vectors, std::int64_t count, const SgdNumbers& numbers) {
  step_all(vectors, count, numbers);
}

void adam_step(const AdamVectors<float>& vectors, std::int64_t count, const AdamNumbers& numbers) {
  step_all(vectors, count, numbers);
}

void adam_step(const AdamVectors<double>& vectors, std::int64_t count, const AdamNumbers& numbers) {
  step_all(vectors, count, numbers);
}

}  // namespace svhn::train
