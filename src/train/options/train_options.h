#pragma once
/// Plain options of training, as a config's "train" section states them. Defaults are the assignment's
/// (Keras').

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace svhn::train {

enum class OptimizerType { sgd, adam, adamw, rmsprop };

/// Whose formulas optimizers and batch norm follow: Keras and PyTorch place epsilon differently, and Keras'
/// batch norm keeps other running variances.
enum class FrameworkCompat { keras, torch };

struct OptimizerOptions {
  OptimizerType type = OptimizerType::adam;
  double learning_rate = 1e-3;
  /// Of the trainable tensors of backbones; schedules scale it as they scale learning_rate. Unset: the same.
  std::optional<double> backbone_learning_rate{};
  double epsilon = 1e-7;
  double beta1 = 0.9;         ///< adam, adamw.
  double beta2 = 0.999;       ///< adam, adamw.
  double rho = 0.9;           ///< rmsprop.
  double momentum = 0.0;      ///< sgd, rmsprop.
  bool nesterov = false;      ///< sgd.
  double weight_decay = 0.0;  ///< adamw: decoupled.
};

enum class ScheduleType { constant, step, cosine, one_cycle, reduce_on_plateau };

struct ScheduleOptions {
  ScheduleType type = ScheduleType::constant;
  std::int64_t step_epochs = 10;  ///< step: epochs between two drops.
  double factor = 0.1;            ///< step, reduce_on_plateau: what the rate is multiplied by.
  double warmup_epochs = 0.0;     ///< cosine: linear rise from zero.
  double minimum = 0.0;           ///< cosine, reduce_on_plateau: lowest rate.
  double rise_fraction = 0.3;     ///< one_cycle: share of the steps with a rising rate.
  double start_divisor = 25.0;    ///< one_cycle: first rate = rate / this.
  double final_divisor = 1e4;     ///< one_cycle: last rate = first rate / this.
  std::int64_t patience = 5;      ///< reduce_on_plateau: epochs without a better val_loss.
};

struct EarlyStoppingOptions {
  std::string monitor = "val_loss";  ///< One of loss, accuracy, val_loss, val_accuracy.
  std::int64_t patience = 5;
  double min_delta = 0.0;
  bool restore_best = false;  ///< Leave the best epoch's weights as the last ones.
};

enum class Precision { automatic, float32, bfloat16 };

struct TrainOptions {
  std::int64_t epochs = 50;
  std::int64_t batch_size = 64;
  std::optional<std::int64_t> steps_per_epoch;  ///< Unset: the whole training split.
  OptimizerOptions optimizer;
  ScheduleOptions schedule;
  std::optional<EarlyStoppingOptions> early_stopping;
  double label_smoothing = 0.0;
  std::vector<double> class_weights;         ///< Empty, or ten (class index 0..9).
  std::optional<double> clip_norm;           ///< Global norm of all gradients.
  std::optional<double> ema_decay;           ///< Average the weights; validation uses the average.
  std::int64_t checkpoint_every_epochs = 1;  ///< 0: only at the end.
  std::int64_t checkpoint_every_steps = 0;   ///< 0: none inside an epoch.
  std::int64_t keep_checkpoints = 0;         ///< Besides last: keep each n-th epoch's; 0: none.
  bool tensorboard = false;
  /// With several processes: batch norms take the statistics of all of them, as one process would; else each
  /// of its own images.
  bool sync_batch_norm = true;
  std::uint64_t seed = 1;
  Precision precision = Precision::automatic;
  FrameworkCompat framework_compat = FrameworkCompat::keras;
};

}  // namespace svhn::train
