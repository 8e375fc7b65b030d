#pragma once
/// Adam's step in one pass over memory. P = number of parameters.

#include <cstdint>

namespace svhn::train {

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
void adam_step(const AdamVectors<float>& vectors, std::int64_t count, const AdamNumbers& numbers);
void adam_step(const AdamVectors<double>& vectors, std::int64_t count, const AdamNumbers& numbers);

}  // namespace svhn::train
