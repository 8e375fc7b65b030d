#pragma once
/// Gradient descent of t-SNE: the objective, one step with momentum and gains, and the two stages. N =
/// points; a map is f32 [N,2].
/// @see scikit-learn 1.2, sklearn/manifold/_t_sne.py, _gradient_descent (step, schedule, stopping).

#include <torch/types.h>

#include <functional>
#include <memory>
#include <string>

#include "interpret/tsne/affinities.h"
#include "interpret/tsne/tsne.h"

namespace svhn::interpret {

/// Gradient and KL divergence of a map.
class TsneObjective {
 public:
  /// @param affinities not copied where `device` is the CPU. @param device where the maps are.
  TsneObjective(const Affinities& affinities, TsneMethod method, const torch::Device& device);
  ~TsneObjective();
  TsneObjective(const TsneObjective&) = delete;
  TsneObjective& operator=(const TsneObjective&) = delete;

  /// @returns f32 [N,2], 4 (exaggeration * attraction - repulsion / Z), scaled as in scikit-learn.
  /// @throws core::Error(numeric) when the map is not finite.
  torch::Tensor gradient(const torch::Tensor& map, double exaggeration);
  /// @param map the one of the last `gradient` call. @returns the KL divergence.
  [[nodiscard]] double divergence(const torch::Tensor& map, double exaggeration) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// A step of gradient descent with momentum and a gain for each coordinate. The gain grows by 0.2 where the
/// gradient and the last update have opposite signs; otherwise it is multiplied by 0.8, but it is at least
/// 0.01.
/// @see Jacobs, "Increased rates of convergence through learning rate adaptation", Neural Networks 1, 1988.
struct DescentRule {
  double momentum;
  double learning_rate;
  /// Updates a map.
  /// @param gradient,update,gains,map f32 [N,2] contiguous, on one device; `gradient` is multiplied by the
  /// gains.
  /// @param by_tensors use tensor operations only, as on devices other than the CPU.
  void step(torch::Tensor& gradient, torch::Tensor& update, torch::Tensor& gains, torch::Tensor& map,
            bool by_tensors = false) const;
};

/// Runs both stages of the descent.
/// @param start the first map, on options.device.
/// @param result its learning_rate is used; gets map, kl_divergence and iterations.
/// @throws core::Error(numeric) when the map diverges; core::Interrupted when `stop_signal` returns a signal.
void descend(const Affinities& affinities, torch::Tensor start, const TsneOptions& options,
             TsneResult& result);

/// @param signal returns the number of a signal or 0; may be empty. @param message of the exception.
/// @throws core::Interrupted when `signal` returns a number other than 0.
void stop_if_asked(const std::function<int()>& signal, const std::string& message);

}  // namespace svhn::interpret
