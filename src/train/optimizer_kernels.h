#pragma once
/// Steps of SGD and Adam in one pass over memory. P = number of parameters.

#include <cstdint>

namespace svhn::train {

/// d = g + decay w; v = momentum v + scale d; w = keep w + velocity_factor v + gradient_factor d.
struct SgdNumbers {
  double decay = 0.0;  ///< Weight decay in the gradient.
  double keep = 1.0;   ///< Factor of the old weight; below 1: decoupled weight decay.
  double momentum = 0.0;
  double scale = 1.0;
  double velocity_factor = 0.0;
  double gradient_factor = 0.0;
};

/// Arrays of P elements each; `values` and `velocity` are updated in place.
template <class T>
struct SgdVectors {
  T* values;
  T* velocity;
  const T* gradients;
};

/// w = w keep - rate m / (sqrt(s) root + epsilon), after m = b1 m + (1 - b1) g and s = b2 s + (1 - b2) g^2.
struct AdamNumbers {
  double keep = 1.0;  ///< Factor of the old weight; below 1: decoupled weight decay.
  double beta1 = 0.9;
  double beta2 = 0.999;
  double rate = 1e-3;
  double root = 1.0;
  double epsilon = 1e-7;
};

/// Arrays of P elements each; `values`, `m` and `s` are updated in place.
template <class T>
struct AdamVectors {
  T* values;
  T* m;
  T* s;
  const T* gradients;
};

/// @param count P.
void sgd_step(const SgdVectors<float>& vectors, std::int64_t count, const SgdNumbers& numbers);
void sgd_step(const SgdVectors<double>& vectors, std::int64_t count, const SgdNumbers& numbers);
void adam_step(const AdamVectors<float>& vectors, std::int64_t count, const AdamNumbers& numbers);
void adam_step(const AdamVectors<double>& vectors, std::int64_t count, const AdamNumbers& numbers);

}  // namespace svhn::train
