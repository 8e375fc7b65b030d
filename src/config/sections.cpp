#include "config/sections.h"

#include <algorithm>
#include <numeric>

#include "data/preprocess.h"

namespace svhn::config {
namespace {

using core::above;
using core::below;
using core::between;
using core::Fields;
using core::inside;
using core::Name;
using core::Precision;
using core::Visitor;
using data::Fill;
using data::PreprocessStep;
using train::FrameworkCompat;
using train::OptimizerType;
using train::ScheduleType;

constexpr std::array<Name<Fill>, 4> kFills{{{Fill::nearest, "nearest"},
                                            {Fill::constant, "constant"},
                                            {Fill::reflect, "reflect"},
                                            {Fill::wrap, "wrap"}}};
constexpr std::int64_t kMaxEpochs = 1'000'000;
constexpr std::int64_t kMaxSteps = 1'000'000'000;
constexpr double kMaxRate = 100.0;

constexpr std::array<Name<OptimizerType>, 4> kOptimizers{{{OptimizerType::sgd, "sgd"},
                                                          {OptimizerType::adam, "adam"},
                                                          {OptimizerType::adamw, "adamw"},
                                                          {OptimizerType::rmsprop, "rmsprop"}}};
constexpr std::array<Name<ScheduleType>, 6> kSchedules{
    {{ScheduleType::constant, "constant"},
     {ScheduleType::step, "step"},
     {ScheduleType::cosine, "cosine"},
     {ScheduleType::one_cycle, "one_cycle"},
     {ScheduleType::triangular, "triangular"},
     {ScheduleType::reduce_on_plateau, "reduce_on_plateau"}}};
constexpr std::array<Name<Precision>, 3> kPrecisions{
    {{Precision::automatic, "auto"}, {Precision::float32, "float32"}, {Precision::bfloat16, "bfloat16"}}};
constexpr std::array<Name<FrameworkCompat>, 2> kFrameworks{
    {{FrameworkCompat::keras, "keras"}, {FrameworkCompat::torch, "torch"}}};
constexpr std::array<std::string_view, 4> kMonitors{"loss", "accuracy", "val_loss", "val_accuracy"};

void describe_step(Visitor& visitor, PreprocessStep& step) {
  const auto named = [](PreprocessStep value) { return Name<PreprocessStep>{value, data::step_name(value)}; };
  const std::array<Name<PreprocessStep>, 4> names{
      {named(PreprocessStep::greyscale), named(PreprocessStep::minmax_per_split),
       named(PreprocessStep::minmax), named(PreprocessStep::standardize)}};
  core::choose(visitor, step, names);
}

/// Greyscale may only be the first step, and at most one step scales.
void check_steps(Fields& f, const std::vector<PreprocessStep>& steps) {
  for (std::size_t i = 1; i < steps.size(); ++i) {
    const std::string pointer = "preprocess/" + std::to_string(i);
    f.check(steps[i] != PreprocessStep::greyscale, pointer,
            "greyscale must be the first step and stand only once");
    const bool scaled_before = i > 1 || steps[0] != PreprocessStep::greyscale;
    f.check(steps[i] == PreprocessStep::greyscale || !scaled_before, pointer,
            "a second scaling step; keep one of minmax_per_split, minmax and standardize");
  }
}

void describe_geometry(Fields& f, data::AugmentOptions& o) {
  f.number({"rotation_degrees", "Rotation angle, uniform in [-r, r] degrees."}, o.rotation_degrees,
           between(0.0, 180.0));
  f.number({"width_shift", "Horizontal shift, uniform in [-s, s] times the width."}, o.width_shift,
           between(0.0, 1.0));
  f.number({"height_shift", "Vertical shift, uniform in [-s, s] times the height."}, o.height_shift,
           between(0.0, 1.0));
  f.number({"shear_degrees", "Shear angle, uniform in [-s, s] degrees (Keras' shear_range)."},
           o.shear_degrees, below(0.0, 90.0));
  f.number({"zoom", "Scale factor of each axis, uniform in [1-z, 1+z]."}, o.zoom, below(0.0, 1.0));
  f.boolean({"horizontal_flip", "Flip left and right with probability 1/2."}, o.horizontal_flip);
  f.boolean({"vertical_flip", "Flip top and bottom with probability 1/2."}, o.vertical_flip);
  f.choice({"fill", "How pixels outside the image are filled."}, o.fill, kFills);
  f.number({"fill_value", "Value of pixels outside the image for fill constant."}, o.fill_value,
           between(-1000.0, 1000.0));
  f.integer({"random_crop", "Padding in pixels on each side before a random crop to the original size."},
            o.random_crop, {0, 32});
}

void describe_policy(Fields& f, data::AugmentOptions& o) {
  f.integer({"randaugment",
             "RandAugment: number of operations on each image; 0: off. The paper took 3 for house numbers."},
            o.randaugment, {0, 16});
  f.integer({"randaugment_magnitude", "Magnitude of RandAugment's operations. The paper took 9."},
            o.randaugment_magnitude, {0, 30});
  f.boolean({"trivialaugment", "TrivialAugment: one operation of random strength on each image."},
            o.trivialaugment);
  f.check(!o.trivialaugment || o.randaugment == 0, "trivialaugment", "stands in place of randaugment");
}

void describe_augment(Fields& f, data::AugmentOptions& o) {
  describe_geometry(f, o);
  f.number({"brightness", "Brightness factor of the pixels, uniform in [1-b, 1+b]."}, o.brightness,
           between(0.0, 1.0));
  f.number({"contrast", "Contrast factor of the image, uniform in [1-c, 1+c]."}, o.contrast,
           between(0.0, 1.0));
  f.number({"channel_shift",
            "One number added to all channels, uniform in [-c, c] in units of the preprocessed image, "
            "clipped to the image's own range."},
           o.channel_shift, between(0.0, 255.0));
  f.integer({"cutout", "Side in pixels of a square at a random place that is set to 0; 0: off."}, o.cutout,
            {0, 32});
  f.number({"random_erasing", "Probability that a random rectangle is erased; 0: off. The paper took 0.5."},
           o.random_erasing, between(0.0, 1.0));
  f.number({"random_erasing_area",
            "Largest share of the image that is erased; the smallest is 0.02. The paper took 0.4."},
           o.random_erasing_area, between(0.02, 1.0));
  f.boolean({"random_erasing_noise", "Fill what is erased with standard normal numbers; false: with 0."},
            o.random_erasing_noise);
  f.number({"mixup", "Alpha of mixup's Beta distribution; 0: off."}, o.mixup, between(0.0, 100.0));
  f.number({"cutmix", "Alpha of CutMix's Beta distribution; 0: off. The paper took 1."}, o.cutmix,
           between(0.0, 100.0));
  f.integer({"colour_ops", "Number of RandAugment-style colour operations on each image; 0: off."},
            o.colour_ops, {0, 16});
  f.number({"colour_magnitude", "Magnitude of the colour operations."}, o.colour_magnitude,
           between(0.0, 1.0));
  describe_policy(f, o);
}

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
  f.number({"weight_decay", "sgd, adamw: weight decay."}, o.weight_decay, between(0.0, 100.0));
  f.boolean({"decay_bias_and_norm",
             "sgd, adamw: whether weight decay acts on biases and on norms' scales and shifts, too."},
            o.decay_bias_and_norm);
  f.check(!o.nesterov || (o.type == OptimizerType::sgd && o.momentum > 0.0), "nesterov",
          "needs the type sgd and a momentum above 0");
  f.check(o.weight_decay == 0.0 || o.type == OptimizerType::adamw || o.type == OptimizerType::sgd,
          "weight_decay", "needs the type sgd or adamw");
}

void describe_schedule(Fields& f, train::ScheduleOptions& o) {
  f.choice({"type", "Type of the schedule."}, o.type, kSchedules);
  f.integer({"step_epochs", "step: epochs between two drops of the rate."}, o.step_epochs, {1, kMaxEpochs});
  f.number({"factor", "step, reduce_on_plateau: factor of each drop of the rate."}, o.factor,
           inside(0.0, 1.0));
  f.number({"warmup_epochs", "constant, step, cosine, reduce_on_plateau: epochs of linear warm-up from 0."},
           o.warmup_epochs, between(0.0, 1e6));
  f.number({"minimum", "cosine, reduce_on_plateau: lowest learning rate."}, o.minimum,
           between(0.0, kMaxRate));
  f.number({"rise_fraction", "one_cycle, triangular: share of the steps in which the rate rises."},
           o.rise_fraction, inside(0.0, 1.0));
  f.number({"start_divisor", "one_cycle, triangular: the first rate is learning_rate / start_divisor."},
           o.start_divisor, between(1.0, 1e9));
  f.number({"final_divisor", "one_cycle, triangular: the last rate is the first rate / final_divisor."},
           o.final_divisor, between(1.0, 1e12));
  f.integer({"patience", "reduce_on_plateau: epochs without a better val_loss before a drop."}, o.patience,
            {1, kMaxEpochs});
}

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
  const bool rises =
      o.schedule.type == ScheduleType::one_cycle || o.schedule.type == ScheduleType::triangular;
  f.check(!rises || o.schedule.warmup_epochs == 0.0, "schedule/warmup_epochs",
          "the rate of one_cycle and triangular rises by itself, see rise_fraction");
  f.check(rises || o.schedule.warmup_epochs <= static_cast<double>(o.epochs), "schedule/warmup_epochs",
          "is longer than the " + std::to_string(o.epochs) + " epochs of the run");
}

}  // namespace

void describe_data(Fields& f, data::DataOptions& o) {
  f.text({"file", "Data file that svhn preprocess made."}, o.file);
  f.list({"preprocess", "Preprocessing steps, in order, applied to pixels u8/255."}, o.preprocess, {0, 4},
         describe_step);
  check_steps(f, o.preprocess);
  f.optional({"augment", "Random augmentation of training images; null: none."}, o.augment,
             [](Visitor& v, data::AugmentOptions& augment) {
               v.object([&](Fields& inner) { describe_augment(inner, augment); });
             });
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
