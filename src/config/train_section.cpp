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
using train::OptimizerType;
using train::Precision;
using train::ScheduleType;
using train::FrameworkCompat;

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
  f.choice({"monitor", "The curve that is watched."}, o.monitor, kMonitors);
  f.integer({"patience", "Epochs without improvement before training ends."}, o.patience, {0, kMaxEpochs});
  f.number({"min_delta", "The least change that counts as improvement."}, o.min_delta, between(0.0, 1e6));
  f.boolean({"restore_best", "Leave the best epoch's weights as the last ones."}, o.restore_best);
}

void describe_loss(Fields& f, train::TrainOptions& o) {
  f.number({"label_smoothing", "Share of each target that is spread over all classes."}, o.label_smoothing,
           below(0.0, 1.0));
  f.list({"class_weights", "Empty, or a weight for each class index (index i is digit (i+1)%10)."},
         o.class_weights, {0, 10}, [](Visitor& v, double& weight) { v.number(weight, between(0.0, 1e6)); });
  f.check(o.class_weights.empty() || o.class_weights.size() == 10, "class_weights",
          "has " + std::to_string(o.class_weights.size()) + " elements, expected none or 10");
  const double sum = std::accumulate(o.class_weights.begin(), o.class_weights.end(), 0.0);
  f.check(o.class_weights.empty() || sum > 0.0, "class_weights", "no class has a weight above 0");
  f.optional({"clip_norm", "Largest norm of all gradients together; null: any."}, o.clip_norm,
             [](Visitor& v, double& norm) { v.number(norm, above(0.0, 1e9)); });
  f.optional({"ema_decay", "Decay of the averaged weights that validation uses; null: no averaging."},
             o.ema_decay, [](Visitor& v, double& decay) { v.number(decay, inside(0.0, 1.0)); });
}

void describe_saving(Fields& f, train::TrainOptions& o) {
  f.integer({"checkpoint_every_epochs", "0: only at the end."}, o.checkpoint_every_epochs, {0, kMaxEpochs});
  f.integer({"checkpoint_every_steps", "0: none inside an epoch."}, o.checkpoint_every_steps, {0, kMaxSteps});
  f.integer({"keep_checkpoints", "Keep the checkpoint of each n-th epoch; 0: only the last."},
            o.keep_checkpoints, {0, kMaxEpochs});
  f.boolean({"tensorboard", "Write TensorBoard event files."}, o.tensorboard);
  f.boolean(
      {"sync_batch_norm",
       "Several processes: batch norms take the statistics of all images of a batch; false: each process "
       "of its own."},
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
  f.choice({"type", "Which optimizer."}, o.type, kOptimizers);
  f.number({"learning_rate", "Step size."}, o.learning_rate, above(0.0, kMaxRate));
  f.optional({"backbone_learning_rate", "Step size of a backbone's tensors; null: learning_rate."},
             o.backbone_learning_rate,
             [](Visitor& v, double& rate) { v.number(rate, above(0.0, kMaxRate)); });
  f.number({"epsilon", "Keeps divisions finite."}, o.epsilon, above(0.0, 1.0));
  f.number({"beta1", "adam, adamw: decay of the mean gradient."}, o.beta1, below(0.0, 1.0));
  f.number({"beta2", "adam, adamw: decay of the mean squared gradient."}, o.beta2, below(0.0, 1.0));
  f.number({"rho", "rmsprop: decay of the mean squared gradient."}, o.rho, below(0.0, 1.0));
  f.number({"momentum", "sgd, rmsprop."}, o.momentum, below(0.0, 1.0));
  f.boolean({"nesterov", "sgd: look ahead."}, o.nesterov);
  f.number({"weight_decay", "adamw: decoupled decay."}, o.weight_decay, between(0.0, 100.0));
  f.check(!o.nesterov || (o.type == OptimizerType::sgd && o.momentum > 0.0), "nesterov",
          "needs the type sgd and a momentum above 0");
  f.check(o.weight_decay == 0.0 || o.type == OptimizerType::adamw, "weight_decay", "needs the type adamw");
}

void describe_schedule(Fields& f, train::ScheduleOptions& o) {
  f.choice({"type", "How the learning rate changes."}, o.type, kSchedules);
  f.integer({"step_epochs", "step: epochs between two drops."}, o.step_epochs, {1, kMaxEpochs});
  f.number({"factor", "step, reduce_on_plateau: what the rate is multiplied by."}, o.factor,
           inside(0.0, 1.0));
  f.number({"warmup_epochs", "cosine: linear rise from zero."}, o.warmup_epochs, between(0.0, 1e6));
  f.number({"minimum", "cosine, reduce_on_plateau: lowest rate."}, o.minimum, between(0.0, kMaxRate));
  f.number({"rise_fraction", "one_cycle: share of the steps with a rising rate."}, o.rise_fraction,
           inside(0.0, 1.0));
  f.number({"start_divisor", "one_cycle: first rate = rate / this."}, o.start_divisor, between(1.0, 1e9));
  f.number({"final_divisor", "one_cycle: last rate = first rate / this."}, o.final_divisor,
           between(1.0, 1e12));
  f.integer({"patience", "reduce_on_plateau: epochs without a better val_loss."}, o.patience,
            {1, kMaxEpochs});
}

void describe_train(Fields& f, train::TrainOptions& o) {
  f.integer({"epochs", "Passes, in all."}, o.epochs, {1, kMaxEpochs});
  f.integer({"batch_size", "Images in a step."}, o.batch_size, {1, 1'000'000});
  f.optional({"steps_per_epoch", "Steps that make an epoch; null: the whole training split."},
             o.steps_per_epoch, [](Visitor& v, std::int64_t& steps) {
               v.integer(steps, {1, kMaxSteps});
             });
  f.object({"optimizer", "How gradients change the weights."}, o.optimizer, describe_optimizer);
  f.object({"schedule", "The learning rate over time."}, o.schedule, describe_schedule);
  f.optional({"early_stopping", "When to end before the last epoch; null: never."}, o.early_stopping,
             [](Visitor& v, train::EarlyStoppingOptions& stopping) {
               v.object([&](Fields& inner) { describe_early_stopping(inner, stopping); });
             });
  describe_loss(f, o);
  describe_saving(f, o);
  f.natural({"seed", "Decides every random number of the run."}, o.seed);
  f.choice({"precision", "Of matrix products; auto: by the processor."}, o.precision, kPrecisions);
  f.choice({"framework_compat", "Whose formulas for epsilon and running variances."}, o.framework_compat, kFrameworks);
  check_together(f, o);
}

}  // namespace svhn::config
