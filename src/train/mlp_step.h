#pragma once
/// A training step's loss and gradients without autograd, for networks of dense layers. n: images; K:
/// classes.

#include <memory>
#include <vector>

#include "network/mlp_engine.h"
#include "train/step.h"

namespace svhn::train {

class MlpStep {
 public:
  /// @param network borrowed, with gradients in place. @returns nothing where the step needs autograd.
  static std::unique_ptr<MlpStep> make(const TrainOptions& options, const network::Network& network,
                                       kernels::Precision precision);

  /// @returns whether a batch of that many images takes several threads.
  [[nodiscard]] bool is_parallel(std::int64_t images) const { return stack_->is_parallel(images); }

  /// Writes all gradients, unless the loss is not a finite number.
  StepResult run(const StepInput& input, std::int64_t step);

 private:
  MlpStep(const TrainOptions& options, const network::Network& network,
          std::unique_ptr<network::MlpEngine> stack);
  /// @returns [n,...], the batch's images, mixed where they are to be.
  const float* inputs(const StepInput& input);
  /// @returns [n,K], smoothed and mixed.
  const float* targets(const StepInput& input);
  [[nodiscard]] double penalty() const;
  void add_penalty_gradients() const;

  const TrainOptions& options_;
  const network::Network& network_;
  std::unique_ptr<network::MlpEngine> stack_;
  std::vector<float> class_weights_;
  bool penalised_ = false;
  std::vector<float> mixed_;
  std::vector<float> targets_;
};

}  // namespace svhn::train
