#pragma once
/// The training loop: epochs of steps, validation, checkpoints.

#include <functional>
#include <memory>
#include <vector>

#include "data/batch.h"
#include "data/prepared.h"
#include "metric/evaluation.h"
#include "network/network.h"
#include "train/augmentation.h"
#include "train/average.h"
#include "train/data_parallel.h"
#include "train/observer.h"
#include "train/options/train_options.h"
#include "train/shard.h"
#include "train/state.h"

namespace svhn::train {

/// What a trainer works on and with; the pointers outlive it.
struct TrainerParts {
  network::Network* network = nullptr;
  const data::PreparedData* data = nullptr;
  data::PreprocessPlan train_plan;  ///< Pixels of the training split.
  data::PreprocessPlan val_plan;    ///< Pixels of the validation split.
  kernels::Precision precision = kernels::Precision::float32;
  Augment augment;     ///< Empty: no augmentation.
  double mixup = 0.0;  ///< Alpha of the Beta distribution; 0: no mixup.
  std::vector<TrainObserver*> observers{};
  distributed::ProcessGroup* group =
      nullptr;  ///< The processes of the run, each with a trainer; nullptr: this one alone.
};

class TrainStep;

/// What the loop asks of whoever keeps its files. Called between steps, with the state as it stands.
struct TrainerHooks {
  std::function<void()> save_checkpoint;   ///< Everything needed to go on from here.
  std::function<void()> save_best;         ///< The weights of the best epoch so far.
  std::function<int()> stop_requested;     ///< A signal's number, or 0.
  std::function<void()> save_monitored{};  ///< The weights of early stopping's best epoch. May be empty.
  /// Asked after each epoch but the last: whether to end here, with a checkpoint. May be empty.
  std::function<bool(const TrainingState&)> pause{};
};

/// With a group, every process makes the same calls, takes its share of each batch and of the validation
/// images, and ends with the same state, weights and errors; only times differ. A stop that any of them is
/// asked for stops all after the same step.
class Trainer {
 public:
  /// @throws core::Error(data) when the training or validation split is empty.
  Trainer(const TrainOptions& options, TrainerParts parts);
  ~Trainer();

  /// Trains from `state()` to the last epoch. @returns false when it was paused before that.
  /// @throws core::Error(numeric) naming epoch and step when the loss or a weight stops being a finite
  /// number.
  /// @throws core::Interrupted after a checkpoint when a stop was requested.
  bool run(const TrainerHooks& hooks);

  [[nodiscard]] TrainingState& state() { return state_; }
  [[nodiscard]] bool ended() const;  ///< No epoch is left, or early stopping has spoken.
  [[nodiscard]] std::int64_t steps_per_epoch() const { return steps_per_epoch_; }
  /// @returns the optimizer's and the average's state under their names, e.g. "optimizer.m.dense_1.weight";
  /// writing to them restores it.
  [[nodiscard]] std::vector<network::NamedTensor> optimizer_tensors() const;
  /// Calls `body` while the network holds the averaged weights (EMA), or as it is without averaging.
  void with_average(const std::function<void()>& body);
  /// Starts at `place` with `features` from now on, instead of with pixels.
  /// @param features what is known there for each row; borrowed. Views (augmentation) do not apply.
  void use_features(const data::InputSource& features, model::CutPoint cut);
  /// Trains a few steps and throws the run away. @returns seconds of one step.
  double time_step();
  /// @returns what exchanging with the group has cost.
  [[nodiscard]] ReductionReport reduction() const;

 private:
  void train_epoch(const TrainerHooks& hooks);
  void train_step(const data::Batch& batch, const BatchShard& share, int signal);
  [[nodiscard]] EpochShard epoch_share(const std::vector<std::int64_t>& rows) const;
  void finish_epoch(const TrainerHooks& hooks);
  void stop_if_asked(const TrainerHooks& hooks, int signal);
  [[nodiscard]] int agreed_signal(const TrainerHooks& hooks) const;
  void check_finite(double loss) const;
  [[noreturn]] void diverged(std::int64_t step, const std::string& what) const;
  [[nodiscard]] bool weights_finite() const;
  void append_history(const metric::EvaluationResult& validation);
  void report_step() const;
  void save(const TrainerHooks& hooks) const;
  metric::EvaluationResult validate();
  [[nodiscard]] double rate_at(std::int64_t step) const;
  void watch(const EarlyStoppingOptions& early, std::int64_t epoch, const TrainerHooks& hooks);
  [[nodiscard]] double monitored(const std::string& name) const;
  [[nodiscard]] const data::InputSource& inputs() const;

  TrainOptions options_;
  TrainerParts parts_;
  std::unique_ptr<TrainStep> step_;
  WeightAverage average_;
  data::PixelSource pixels_;
  const data::InputSource* features_ = nullptr;
  model::CutPoint first_{};
  TrainingState state_;
  int signal_ = 0;  // Of any process, after the last step.
  std::int64_t steps_per_epoch_ = 0;
};

}  // namespace svhn::train
