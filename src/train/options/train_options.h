#pragma once
/// Options of training, from a config's "train" section. Defaults are those of the assignment, which are
/// Keras'.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/precision.h"

namespace svhn::train {

enum class OptimizerType { sgd, adam, adamw, rmsprop };

/// The framework whose formulas optimizers and batch norms follow. Keras and PyTorch add epsilon at different
/// points, and their running variances differ.
enum class FrameworkCompat { keras, torch };

struct OptimizerOptions {
  OptimizerType type = OptimizerType::adam;
  double learning_rate = 1e-3;
  /// Learning rate of backbones, scheduled as learning_rate. Unset: learning_rate.
  std::optional<double> backbone_learning_rate{};
  double epsilon = 1e-7;
  double beta1 = 0.9;         ///< adam, adamw.
  double beta2 = 0.999;       ///< adam, adamw.
  double rho = 0.9;           ///< rmsprop.
  double momentum = 0.0;      ///< sgd, rmsprop.
  bool nesterov = false;      ///< sgd.
  double weight_decay = 0.0;  ///< sgd, adamw.
  /// Whether weight decay acts on biases and on the scales and shifts of norms, too.
  bool decay_bias_and_norm = true;
};

enum class ScheduleType { constant, step, cosine, one_cycle, triangular, reduce_on_plateau };

struct ScheduleOptions {
  ScheduleType type = ScheduleType::constant;
  std::int64_t step_epochs = 10;  ///< step: epochs between two drops.
  double factor = 0.1;            ///< step, reduce_on_plateau: factor of the rate at each drop.
  double warmup_epochs = 0.0;     ///< constant, step, cosine, reduce_on_plateau: linear rise from 0.
  double minimum = 0.0;           ///< cosine, reduce_on_plateau: lowest rate.
  double rise_fraction = 0.3;     ///< one_cycle, triangular: fraction of the steps with a rising rate.
  double start_divisor = 25.0;    ///< one_cycle, triangular: first rate = rate / this.
  double final_divisor = 1e4;     ///< one_cycle, triangular: last rate = first rate / this.
  std::int64_t patience = 5;      ///< reduce_on_plateau: epochs without a better val_loss.
};

struct EarlyStoppingOptions {
  std::string monitor = "val_loss";  ///< One of loss, accuracy, val_loss, val_accuracy.
  std::int64_t patience = 5;
  double min_delta = 0.0;
  bool restore_best = false;  ///< Save the best epoch's weights as the final model.
};

struct TrainOptions {
  std::int64_t epochs = 50;
  std::int64_t batch_size = 64;
  std::optional<std::int64_t> steps_per_epoch;  ///< Unset: one pass over the training split.
  OptimizerOptions optimizer;
  ScheduleOptions schedule;
  std::optional<EarlyStoppingOptions> early_stopping;
  double label_smoothing = 0.0;
  std::vector<double> class_weights;         ///< Empty, or 10 by class index.
  std::optional<double> clip_norm;           ///< Maximum of the gradients' global norm; unset: no clipping.
  std::optional<double> ema_decay;           ///< EMA of the weights, used in validation; unset: none.
  std::int64_t checkpoint_every_epochs = 1;  ///< 0: only at the end.
  std::int64_t checkpoint_every_steps = 0;   ///< 0: none inside an epoch.
  std::int64_t keep_checkpoints = 0;         ///< Also keep the checkpoint of each n-th epoch; 0: none.
  bool tensorboard = false;
  /// With several processes: batch norms use the statistics of the global batch; false: of each process'
  /// images.
  bool sync_batch_norm = true;
  std::uint64_t seed = 1;
  core::Precision precision = core::Precision::automatic;
  FrameworkCompat framework_compat = FrameworkCompat::keras;
};

}  // namespace svhn::train
