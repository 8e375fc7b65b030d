#pragma once
/// One step of gradient descent with momentum and a gain for each coordinate.

#include <torch/types.h>

namespace svhn::interpret {

/// The gain of a coordinate whose gradient points where it moves grows by 0.2, any other's shrinks by a
/// fifth, to 0.01 at least.
/// @see scikit-learn 1.2, sklearn/manifold/_t_sne.py, _gradient_descent; Jacobs, "Increased rates of
/// convergence through learning rate adaptation", Neural Networks 1, 1988.
struct DescentRule {
  double momentum;
  double learning_rate;
  /// Moves a map. All f32 [N,2] contiguous, on one device; `gradient` is multiplied by the gains.
  /// @param by_tensors computes in tensor operations alone, as on devices other than the processor.
  void step(torch::Tensor& gradient, torch::Tensor& update, torch::Tensor& gains, torch::Tensor& map,
            bool by_tensors = false) const;
};

}  // namespace svhn::interpret
