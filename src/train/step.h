#pragma once
/// One optimizer step over a global batch, by one process or by several. n = images that this process holds.

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "data/batch.h"
#include "network/network.h"
#include "train/data_parallel.h"
#include "train/options/train_options.h"
#include "train/shard.h"
#include "train/update.h"

namespace svhn::train {

/// The input of this process to a step.
struct StepInput {
  const data::Batch& batch;  ///< The held images of `shard`.
  const BatchShard& shard;
  std::vector<std::int64_t> shape;  ///< Of one input.
  model::NodeId cut = 0;            ///< Where the network takes the inputs.
  int signal = 0;                   ///< Signal to stop that this process received, or 0.
};

class MlpStep;

/// Forward, backward, all_reduce and optimizer step.
class TrainStep {
 public:
  /// @param options,network,group borrowed. @param group nullptr: one process.
  TrainStep(const TrainOptions& options, network::Network& network, kernels::Precision precision,
            distributed::ProcessGroup* group);
  ~TrainStep();

  /// Updates the weights, unless the loss is not finite.
  /// @param step from the start of the run, from 0. @param rate learning rate.
  /// @returns the result over the global batch.
  StepResult run(const StepInput& input, std::int64_t step, double rate);
  [[nodiscard]] const ParameterUpdate& update() const { return update_; }
  [[nodiscard]] ReductionReport report() const;
  /// @returns whether `MlpStep` computes the gradients, not autograd.
  [[nodiscard]] bool uses_mlp_step() const { return mlp_ != nullptr; }
  /// @returns whether a step is so short that the threads which compute it should also load the
  /// next batch of `images` images.
  [[nodiscard]] bool reads_with_threads(std::int64_t images) const;

 private:
  StepResult run_autograd(const StepInput& input, std::int64_t step);
  [[nodiscard]] torch::Tensor own_loss(const torch::Tensor& logits, const torch::Tensor& targets,
                                       std::int64_t images) const;
  StepResult differentiate(const torch::Tensor& loss, const StepResult& own, double weight);

  const TrainOptions& options_;
  network::Network& network_;
  kernels::Precision precision_;
  bool first_process_;
  ParameterUpdate update_;
  torch::Tensor class_weights_;
  std::optional<DataParallel> parallel_;
  std::unique_ptr<MlpStep> mlp_;
};

}  // namespace svhn::train
