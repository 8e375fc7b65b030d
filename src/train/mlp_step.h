#pragma once
/// A training step of networks of dense layers without autograd. n = images; K = classes.

#include <memory>
#include <vector>

#include "network/mlp_engine.h"
#include "train/step.h"

namespace svhn::train {

/// Computes loss and gradients by `network::MlpEngine`.
class MlpStep {
 public:
  /// @param options,network borrowed; the network's gradients are allocated.
  /// @returns nullptr where the step needs autograd.
  static std::unique_ptr<MlpStep> make(const TrainOptions& options, const network::Network& network,
                                       kernels::Precision precision);

  /// @returns whether a batch of `images` images is computed by several threads.
  [[nodiscard]] bool is_parallel(std::int64_t images) const { return engine_->is_parallel(images); }

  /// Writes all gradients, unless the loss is not finite. @param step from the start of the run, from 0.
  StepResult run(const StepInput& input, std::int64_t step);

 private:
  MlpStep(const TrainOptions& options, const network::Network& network,
          std::unique_ptr<network::MlpEngine> engine);
  /// @returns f32 [n,...], the batch's images, after mixup or CutMix if any.
  const float* inputs(const StepInput& input);
  /// @returns f32 [n,K], training targets after label smoothing, mixup or CutMix.
  const float* targets(const StepInput& input);
  [[nodiscard]] double penalty() const;
  void add_penalty_gradients() const;

  const TrainOptions& options_;
  const network::Network& network_;
  std::unique_ptr<network::MlpEngine> engine_;
  std::vector<float> class_weights_;
  bool penalised_ = false;
  std::vector<float> mixed_;
  std::vector<float> targets_;
};

}  // namespace svhn::train
