#pragma once
/// Optimizers of one flat parameter vector w with gradient g, both [P]; t counts steps from 1.
///
/// framework_compat keras (default):                       framework_compat torch:
/// sgd      v = mom v - lr g; w += v                       v = mom v + g; w -= lr v
/// nesterov w += mom v - lr g (with the new v)             w -= lr (g + mom v)
/// adam     w -= lr sqrt(1-b2^t)/(1-b1^t) m/(sqrt(s)+eps)  w -= lr/(1-b1^t) m/(sqrt(s/(1-b2^t))+eps)
/// adamw    as adam, and first w -= lr decay w             the same
/// rmsprop  u = mom u + lr g/sqrt(s+eps); w -= u           u = mom u + g/(sqrt(s)+eps); w -= lr u
/// Weight decay: adamw, and sgd with keras, first do w -= lr decay w; sgd with torch adds decay w to g.
/// with m = b1 m + (1-b1) g and s = b2 s + (1-b2) g^2 (rmsprop: rho in place of b2).
/// @see Kingma and Ba 2015; Loshchilov and Hutter 2019; documentation of Keras 3 and PyTorch

#include <torch/types.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "train/options/train_options.h"

namespace svhn::train {

/// An update rule with its state.
class Optimizer {
 public:
  virtual ~Optimizer() = default;
  /// Updates `values` in place. @param rate the learning rate of this step. @param step t, from 1.
  virtual void step(const torch::Tensor& values, const torch::Tensor& gradients, double rate,
                    std::int64_t step) = 0;
  /// @returns the flat state vectors [P] by name, e.g. "m" and "v"; writing to them restores a state.
  [[nodiscard]] virtual std::vector<std::pair<std::string, torch::Tensor>> state() const = 0;
};

/// @param like [P], a vector whose size, dtype and device the state vectors take.
/// @returns the optimizer with zero state.
std::unique_ptr<Optimizer> make_optimizer(const OptimizerOptions& options, FrameworkCompat compat,
                                          const torch::Tensor& like);

}  // namespace svhn::train
