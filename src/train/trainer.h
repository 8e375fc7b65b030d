#pragma once
/// The training loop: epochs of steps, validation, checkpoints.

#include <functional>
#include <memory>
#include <vector>

#include "data/batch.h"
#include "data/prepared.h"
#include "metric/evaluation.h"
#include "metric/range_test.h"
#include "network/network.h"
#include "train/augmentation.h"
#include "train/data_parallel.h"
#include "train/observer.h"
#include "train/options/train_options.h"
#include "train/shard.h"
#include "train/state.h"
#include "train/update.h"

namespace svhn::train {

/// The parts of a trainer; pointers are borrowed and must outlive it.
struct TrainerParts {
  network::Network* network = nullptr;
  const data::PreparedData* data = nullptr;
  data::PreprocessPlan train_plan;  ///< Preprocessing of the training split.
  data::PreprocessPlan val_plan;    ///< Preprocessing of the validation split.
  kernels::Precision precision = kernels::Precision::float32;
  Augment augment;  ///< Empty: no augmentation.
  MixingOptions mixing{};
  std::vector<TrainObserver*> observers{};
  distributed::ProcessGroup* group = nullptr;  ///< Processes of the run; nullptr: this one only.
};

class TrainStep;

/// Callbacks of the training loop, called between steps with the current state.
struct TrainerHooks {
  std::function<void()> save_checkpoint;  ///< Saves all that is needed to resume.
  std::function<void()> save_best;        ///< Saves the weights of the best epoch so far.
  std::function<int()> stop_requested;    ///< Returns a signal's number, or 0.
  std::function<void()>
      save_monitored{};  ///< Saves the weights of early stopping's best epoch; may be empty.
  /// Called after each epoch but the last; true: save a checkpoint and pause. May be empty.
  std::function<bool(const TrainingState&)> pause{};
};

/// The training loop. In a group every process has a trainer and makes the same calls. Each computes its
/// shard of every batch and of the validation images, and all end with the same state, weights and errors;
/// only times differ. A signal to any process stops all of them after the same step.
class Trainer {
 public:
  /// @throws core::Error(data) when the training or validation split is empty.
  Trainer(const TrainOptions& options, TrainerParts parts);
  ~Trainer();

  /// Trains from `state()` to the last epoch. @returns false if it was paused earlier.
  /// @throws core::Error(numeric) naming epoch and step when the loss or a weight is not finite.
  /// @throws core::Interrupted, after saving a checkpoint, when a stop was requested.
  bool run(const TrainerHooks& hooks);

  [[nodiscard]] TrainingState& state() { return state_; }
  /// @returns whether all epochs are finished or early stopping ended the run.
  [[nodiscard]] bool ended() const;
  [[nodiscard]] std::int64_t steps_per_epoch() const { return steps_per_epoch_; }
  /// @returns the tensors of the optimizer and the average by name, e.g. "optimizer.m.dense_1.weight";
  /// writing to them restores the state.
  [[nodiscard]] std::vector<network::NamedTensor> optimizer_tensors() const;
  /// Calls `body` while the network holds the averaged weights (EMA); without averaging just calls it.
  void with_average(const std::function<void()>& body);
  /// Feeds cached features in place of pixels from now on; augmentation is then off.
  /// @param features the activations at `cut` for each row; borrowed.
  void use_features(const data::InputSource& features, model::NodeId cut);
  /// Times a few steps, which change the weights. @returns seconds per step.
  double time_step();
  /// Runs a learning-rate range test with the run's own batches, augmentation and loss, which changes the
  /// weights. @param stop_requested returns a signal's number, or 0. @throws core::Interrupted
  metric::RangeTest range_test(const std::function<int()>& stop_requested);
  /// @returns the cost of communication with the group.
  [[nodiscard]] ReductionReport reduction() const;

 private:
  /// Takes a batch; false: no more.
  using TakeBatch = std::function<bool(const data::Batch& batch, const BatchShard& shard)>;
  void train_epoch(const TrainerHooks& hooks);
  void each_batch(const TakeBatch& take);
  void train_step(const data::Batch& batch, const BatchShard& shard, int signal);
  [[nodiscard]] EpochShard epoch_shard(const std::vector<std::int64_t>& rows) const;
  void finish_epoch(const TrainerHooks& hooks);
  void stop_if_requested(const TrainerHooks& hooks, int signal);
  [[nodiscard]] int agreed_signal(const TrainerHooks& hooks) const;
  void check_finite(double loss) const;
  [[noreturn]] void diverged(std::int64_t step, const std::string& what) const;
  [[nodiscard]] bool weights_finite() const;
  void append_history(const metric::EvaluationResult& validation);
  void report_step() const;
  void save(const TrainerHooks& hooks) const;
  metric::EvaluationResult validate();
  [[nodiscard]] double rate_at(std::int64_t step) const;
  void check_early_stopping(const EarlyStoppingOptions& early, std::int64_t epoch, const TrainerHooks& hooks);
  [[nodiscard]] const data::InputSource& inputs() const;

  TrainOptions options_;
  TrainerParts parts_;
  std::unique_ptr<TrainStep> step_;
  WeightAverage average_;
  data::PixelSource pixels_;
  const data::InputSource* features_ = nullptr;
  model::NodeId cut_ = 0;
  TrainingState state_;
  int signal_ = 0;  // Received by any process, as of the last step.
  std::int64_t steps_per_epoch_ = 0;
};

}  // namespace svhn::train
