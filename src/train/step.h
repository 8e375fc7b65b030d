#pragma once
/// One optimizer step over a global batch, by one process or by several. n: images that this process holds.

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

/// What this process feeds into a step.
struct StepInput {
  const data::Batch& batch;  ///< Those images of the share that it holds.
  const BatchShard& share;
  std::vector<std::int64_t> shape;  ///< Of one input.
  model::CutPoint cut{};            ///< Where the network takes it.
  int signal = 0;                   ///< That this process was sent.
};

class MlpStep;

class TrainStep {
 public:
  /// @param network, group borrowed. @param group nullptr: one process.
  TrainStep(const TrainOptions& options, network::Network& network, kernels::Precision precision,
            distributed::ProcessGroup* group);
  ~TrainStep();

  /// Changes the weights, unless the loss is not a finite number.
  /// @param step from the start of the run, from 0. @param rate learning rate.
  StepResult run(const StepInput& input, std::int64_t step, double rate);
  [[nodiscard]] const ParameterUpdate& update() const { return update_; }
  [[nodiscard]] ReductionReport report() const;
  /// @returns whether the gradients come from loops written for such a network, and not from autograd.
  [[nodiscard]] bool direct() const { return direct_ != nullptr; }
  /// @returns whether it is so short that several threads which have worked on a batch of that many images
  /// should read the next one, too.
  [[nodiscard]] bool reads_with_threads(std::int64_t images) const;

 private:
  StepResult run_anything(const StepInput& input, std::int64_t step);
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
  std::unique_ptr<MlpStep> direct_;
};

}  // namespace svhn::train
