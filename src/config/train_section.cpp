#include <numeric>

#include "config/sections.h"

namespace svhn::config {
namespace {

using core::above;
using core::below;
using core::between;
using core::Fields;
using core::inside;
using core::Name;
using core::Visitor;
using train::FrameworkCompat;
using train::OptimizerType;
using train::Precision;
using train::ScheduleType;

constexpr std::int64_t kMaxEpochs = 1'000'000;
constexpr std::int64_t kMaxSteps = 1'000'000'000;
constexpr double kMaxRate = 100.0;

constexpr std::array<Name<OptimizerType>, 4> kOptimizers{{{OptimizerType::sgd, "sgd"},
                                                          {OptimizerType::adam, "adam"},
                                                          {OptimizerType::adamw, "adamw"},
                                                          {OptimizerType::rmsprop, "rmsprop"}}};
constexpr std::array<Name<ScheduleType>, 5> kSchedules{
    {{ScheduleType::constant, "constant"},
     {ScheduleType::step, "step"},
     {ScheduleType::cosine, "cosine"},
     {ScheduleType::one_cycle, "one_cycle"},
     {ScheduleType::reduce_on_plateau, "reduce_on_plateau"}}};
constexpr std::array<Name<Precision>, 3> kPrecisions{
    {{Precision::automatic, "auto"}, {Precision::float32, "float32"}, {Precision::bfloat16, "bfloat16"}}};
constexpr std::array<Name<FrameworkCompat>, 2> kFrameworks{
    {{FrameworkCompat::keras, "keras"}, {FrameworkCompat::torch, "torch"}}};
constexpr std::array<std::string_view, 4> kMonitors{"loss", "accuracy", "val_loss", "val_accuracy"};

void describe_early_stopping(Fields& f, train::EarlyStoppingOptions& o) {
  f.choice({"monitor", "Learning curve that is monitored."}, o.monitor, kMonitors);
  f.integer({"patience", "Epochs without improvement before training stops."}, o.patience, {0, kMaxEpochs});
  f.number({"min_delta", "Smallest change that counts as an improvement."}, o.min_delta, between(0.0, 1e6));
  f.boolean({"restore_best", "Save the best epoch's weights as the final model when training stops early."},
            o.restore_best);
}

void describe_loss(Fields& f, train::TrainOptions& o) {
  f.number(
      {"label_smoothing", "Label smoothing: share of each target that is spread evenly over all classes."},
      o.label_smoothing, below(0.0, 1.0));
  f.list(
      {"class_weights",
       "Weight of each class in the loss, by class index (index i is digit (i+1)%10); empty: all the same."},
      o.class_weights, {0, 10}, [](Visitor& v, double& weight) { v.number(weight, between(0.0, 1e6)); });
  f.check(o.class_weights.empty() || o.class_weights.size() == 10, "class_weights",
          "has " + std::to_string(o.class_weights.size()) + " elements, expected none or 10");
  const double sum = std::accumulate(o.class_weights.begin(), o.class_weights.end(), 0.0);
  f.check(o.class_weights.empty() || sum > 0.0, "class_weights", "no class has a weight above 0");
  f.optional({"clip_norm", "Global gradient norm to clip to; null: no clipping."}, o.clip_norm,
             [](Visitor& v, double& norm) { v.number(norm, above(0.0, 1e9)); });
  f.optional(
      {"ema_decay",
       "Decay of the weights' exponential moving average, which validation and saved models use; null: off."},
      o.ema_decay, [](Visitor& v, double& decay) { v.number(decay, inside(0.0, 1.0)); });
}

void describe_saving(Fields& f, train::TrainOptions& o) {
  f.integer({"checkpoint_every_epochs", "Epochs between two checkpoints; 0: only at the end."},
            o.checkpoint_every_epochs, {0, kMaxEpochs});
  f.integer(
      {"checkpoint_every_steps", "Steps between two checkpoints within an epoch; 0: none within an epoch."},
      o.checkpoint_every_steps, {0, kMaxSteps});
  f.integer({"keep_checkpoints", "Keep the checkpoint of every n-th epoch; 0: only the last one."},
            o.keep_checkpoints, {0, kMaxEpochs});
  f.boolean({"tensorboard", "Write TensorBoard event files."}, o.tensorboard);
  f.boolean({"sync_batch_norm",
             "With several processes: batch norm statistics of the images of all processes; false: of each "
             "process's own images."},
            o.sync_batch_norm);
}

void check_together(Fields& f, const train::TrainOptions& o) {
  f.check(o.schedule.minimum <= o.optimizer.learning_rate, "schedule/minimum",
          "is above the optimizer's learning_rate");
  const bool warm = o.schedule.type == ScheduleType::cosine;
  f.check(!warm || o.schedule.warmup_epochs <= static_cast<double>(o.epochs), "schedule/warmup_epochs",
          "is longer than the " + std::to_string(o.epochs) + " epochs of the run");
}

}  // namespace

void describe_optimizer(Fields& f, train::OptimizerOptions& o) {
  f.choice({"type", "Type of the optimizer."}, o.type, kOptimizers);
  f.number({"learning_rate", "Learning rate."}, o.learning_rate, above(0.0, kMaxRate));
  f.optional({"backbone_learning_rate", "Learning rate of backbones; null: learning_rate."},
             o.backbone_learning_rate,
             [](Visitor& v, double& rate) { v.number(rate, above(0.0, kMaxRate)); });
  f.number({"epsilon", "adam, adamw, rmsprop: added to the denominator."}, o.epsilon, above(0.0, 1.0));
  f.number({"beta1", "adam, adamw: decay of the gradients' moving average."}, o.beta1, below(0.0, 1.0));
  f.number({"beta2", "adam, adamw: decay of the squared gradients' moving average."}, o.beta2,
           below(0.0, 1.0));
  f.number({"rho", "rmsprop: decay of the squared gradients' moving average."}, o.rho, below(0.0, 1.0));
  f.number({"momentum", "sgd, rmsprop: momentum."}, o.momentum, below(0.0, 1.0));
  f.boolean({"nesterov", "sgd: Nesterov momentum."}, o.nesterov);
  f.number({"weight_decay", "adamw: decoupled weight decay."}, o.weight_decay, between(0.0, 100.0));
  f.check(!o.nesterov || (o.type == OptimizerType::sgd && o.momentum > 0.0), "nesterov",
          "needs the type sgd and a momentum above 0");
  f.check(o.weight_decay == 0.0 || o.type == OptimizerType::adamw, "weight_decay", "needs the type adamw");
}

void describe_schedule(Fields& f, train::ScheduleOptions& o) {
  f.choice({"type", "Type of the schedule."}, o.type, kSchedules);
  f.integer({"step_epochs", "step: epochs between two drops of the rate."}, o.step_epochs, {1, kMaxEpochs});
  f.number({"factor", "step, reduce_on_plateau: factor of each drop of the rate."}, o.factor,
           inside(0.0, 1.0));
  f.number({"warmup_epochs", "cosine: epochs of linear warm-up from 0."}, o.warmup_epochs, between(0.0, 1e6));
  f.number({"minimum", "cosine, reduce_on_plateau: lowest learning rate."}, o.minimum,
           between(0.0, kMaxRate));
  f.number({"rise_fraction", "one_cycle: share of the steps in which the rate rises."}, o.rise_fraction,
           inside(0.0, 1.0));
  f.number({"start_divisor", "one_cycle: the first rate is learning_rate / start_divisor."}, o.start_divisor,
           between(1.0, 1e9));
  f.number({"final_divisor", "one_cycle: the last rate is the first rate / final_divisor."}, o.final_divisor,
           between(1.0, 1e12));
  f.integer({"patience", "reduce_on_plateau: epochs without a better val_loss before a drop."}, o.patience,
            {1, kMaxEpochs});
}

void describe_train(Fields& f, train::TrainOptions& o) {
  f.integer({"epochs", "Number of epochs in all."}, o.epochs, {1, kMaxEpochs});
  f.integer({"batch_size", "Images in a batch, over all processes together."}, o.batch_size, {1, 1'000'000});
  f.optional({"steps_per_epoch", "Steps in an epoch; null: as many as the training split has batches."},
             o.steps_per_epoch, [](Visitor& v, std::int64_t& steps) {
               v.integer(steps, {1, kMaxSteps});
             });
  f.object({"optimizer", "Optimizer and its hyperparameters."}, o.optimizer, describe_optimizer);
  f.object({"schedule", "Learning rate schedule."}, o.schedule, describe_schedule);
  f.optional({"early_stopping", "Early stopping; null: off."}, o.early_stopping,
             [](Visitor& v, train::EarlyStoppingOptions& stopping) {
               v.object([&](Fields& inner) { describe_early_stopping(inner, stopping); });
             });
  describe_loss(f, o);
  describe_saving(f, o);
  f.natural({"seed", "Seed of all random numbers of the run."}, o.seed);
  f.choice(
      {"precision", "Number format of matrix products and convolutions; auto: by network and processor."},
      o.precision, kPrecisions);
  f.choice({"framework_compat", "Whether optimizers and batch norm follow Keras' or PyTorch's formulas."},
           o.framework_compat, kFrameworks);
  check_together(f, o);
}

}  // namespace svhn::config
