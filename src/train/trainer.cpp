#include "train/trainer.h"

#include <cmath>

#include "core/clock.h"
#include "core/error.h"
#include "core/mappings.h"
#include "core/signals.h"
#include "inference/evaluate.h"
#include "inference/session.h"
#include "train/loss.h"
#include "train/shard.h"
#include "train/step.h"

namespace svhn::train {
namespace {

using core::Error;
using core::ExitCode;
using data::Split;
using torch::Tensor;

std::int64_t count_steps(const TrainOptions& options, const data::PreparedData& data) {
  const auto rows = static_cast<std::int64_t>(data.indices(Split::train).size());
  for (const Split split : {Split::train, Split::val}) {
    if (!data.indices(split).empty()) continue;
    throw Error(ExitCode::data,
                "'" + data.path().string() + "': the " + data::split_name(split) + " split is empty",
                "prepare the data with more images or other fractions");
  }
  return options.steps_per_epoch.value_or((rows + options.batch_size - 1) / options.batch_size);
}

}  // namespace

Trainer::Trainer(const TrainOptions& options, TrainerParts parts)
    : options_(options),
      parts_(std::move(parts)),
      step_(std::make_unique<TrainStep>(options_, *parts_.network, parts_.precision, parts_.group)),
      average_(*parts_.network, options.ema_decay),
      pixels_(*parts_.data, parts_.train_plan),
      steps_per_epoch_(count_steps(options, *parts_.data)) {}

Trainer::~Trainer() = default;

std::vector<network::NamedTensor> Trainer::optimizer_tensors() const {
  std::vector<network::NamedTensor> tensors = average_.tensors();
  const auto more = step_->update().tensors();
  tensors.insert(tensors.end(), more.begin(), more.end());
  return tensors;
}

bool Trainer::run(const TrainerHooks& hooks) {
  while (!ended()) {
    train_epoch(hooks);
    finish_epoch(hooks);
    stop_if_requested(hooks, agreed_signal(hooks));
    if (ended() || !hooks.pause || !hooks.pause(state_)) continue;
    save(hooks);
    return false;
  }
  return true;
}

bool Trainer::ended() const {
  return state_.epoch >= options_.epochs || state_.stopped_early;
}

void Trainer::each_batch(const TakeBatch& take) {
  const auto rows = epoch_rows(options_, *parts_.data, state_.epoch, steps_per_epoch_);
  const EpochShard shard = epoch_shard(rows);
  const bool plain = !parts_.augment;
  data::BatchOptions batches =
      inference::loading(options_.batch_size, plain && step_->reads_with_threads(options_.batch_size));
  if (parts_.augment) {
    const std::size_t images = parts_.data->indices(Split::train).size();
    batches.hook = epoch_hook(parts_.augment, {state_.epoch, images, rows.size(), shard.positions});
  }
  data::BatchLoader loader(*parts_.data, inputs(), batches);
  loader.start(shard.rows, {}, shard.sizes);
  for (const BatchShard& part : shard.batches) {
    if (!take(*loader.next(), part)) return;
  }
}

void Trainer::train_epoch(const TrainerHooks& hooks) {
  const auto start = core::Clock::now();
  const double before = state_.sums.seconds;
  each_batch([&](const data::Batch& batch, const BatchShard& part) {
    // A group exchanges its signals in the step; a single process checks its own after it.
    train_step(batch, part, parts_.group == nullptr ? 0 : hooks.stop_requested());
    state_.sums.seconds = before + core::seconds_since(start);
    report_step();
    if (state_.step_in_epoch == steps_per_epoch_) return false;
    const std::int64_t every = options_.checkpoint_every_steps;
    if (every > 0 && state_.step % every == 0) save(hooks);
    stop_if_requested(hooks, parts_.group == nullptr ? hooks.stop_requested() : signal_);
    return true;
  });
  state_.sums.seconds = before + core::seconds_since(start);
}

metric::RangeTest Trainer::range_test(const std::function<int()>& stop_requested) {
  metric::RangeTest test;
  for (; !test.ended(); ++state_.epoch) {
    each_batch([&](const data::Batch& batch, const BatchShard& part) {
      if (const int signal = stop_requested(); signal != 0) {
        throw core::Interrupted(signal, "stopped by signal " + std::to_string(signal));
      }
      const StepInput input{batch, part, inputs().shape(), cut_, 0};
      test.add(step_->run(input, state_.step++, test.rate()).loss);
      return !test.ended();
    });
  }
  return test;
}

void Trainer::train_step(const data::Batch& batch, const BatchShard& shard, int signal) {
  const StepResult result =
      step_->run({batch, shard, inputs().shape(), cut_, signal}, state_.step, rate_at(state_.step));
  check_finite(result.loss);
  average_.update();
  signal_ = result.signal;
  state_.sums.loss += result.loss * static_cast<double>(shard.images);
  state_.sums.correct += result.correct;
  state_.sums.images += shard.images;
  ++state_.step;
  ++state_.step_in_epoch;
}

EpochShard Trainer::epoch_shard(const std::vector<std::int64_t>& rows) const {
  const EpochBatches batches{rows,          options_.batch_size, state_.step_in_epoch,
                             parts_.mixing, options_.seed,       state_.epoch};
  const auto* group = parts_.group;
  return group == nullptr ? shard_epoch(batches, 0, 1) : shard_epoch(batches, group->rank(), group->size());
}

double Trainer::time_step() {
  constexpr int kWarmUp = 1, kMeasured = 3;
  const auto rows = epoch_rows(options_, *parts_.data, 0, steps_per_epoch_);
  const EpochShard shard = epoch_shard(rows);
  data::BatchLoader loader(*parts_.data, inputs(), {.batch_size = options_.batch_size});
  loader.start(shard.rows, {}, shard.sizes);
  const data::Batch* batch = loader.next();
  const auto step = [&] { train_step(*batch, shard.batches.front(), 0); };
  for (int i = 0; i < kWarmUp; ++i) step();
  const auto start = core::Clock::now();
  for (int i = 0; i < kMeasured; ++i) step();
  return core::seconds_since(start) / kMeasured;
}

double Trainer::rate_at(std::int64_t step) const {
  return learning_rate(options_.schedule, options_.optimizer.learning_rate,
                       {step, steps_per_epoch_, options_.epochs, state_.plateau.factor});
}

void Trainer::check_finite(double loss) const {
  if (std::isfinite(loss)) return;
  // The sign of a NaN has no meaning.
  const double shown = std::isnan(loss) ? std::abs(loss) : loss;
  diverged(state_.step_in_epoch + 1, "the loss is " + std::to_string(shown));
}

void Trainer::diverged(std::int64_t step, const std::string& what) const {
  throw Error(ExitCode::numeric,
              "epoch " + std::to_string(state_.epoch + 1) + ", step " + std::to_string(step) + ": " + what,
              "lower the learning rate or set train.clip_norm; the last checkpoint is kept");
}

ReductionReport Trainer::reduction() const {
  return step_->report();
}

void Trainer::with_average(const std::function<void()>& body) {
  average_.use(body);
}

void Trainer::use_features(const data::InputSource& features, model::NodeId cut) {
  features_ = &features;
  cut_ = cut;
  parts_.augment = {};
}

const data::InputSource& Trainer::inputs() const {
  if (features_ != nullptr) return *features_;
  return pixels_;
}

metric::EvaluationResult Trainer::validate() {
  metric::EvaluationResult result;
  with_average([&] {
    inference::EvaluateOptions options;
    options.precision = parts_.precision;
    options.label_smoothing = options_.label_smoothing;
    options.inputs = features_;
    options.cut = cut_;
    options.group = parts_.group;
    try {
      result = inference::evaluate(*parts_.network, *parts_.data, Split::val, parts_.val_plan, options);
    } catch (const Error& error) {
      if (error.code() != ExitCode::numeric) throw;
      diverged(state_.step_in_epoch, std::string("in validation ") + error.what());
    }
    const Tensor penalty = weight_penalty(step_->update().parameters().tensors());
    if (penalty.defined()) result.loss += penalty.item().toDouble();
  });
  return result;
}

void Trainer::finish_epoch(const TrainerHooks& hooks) {
  core::check_mappings();  // The data may have changed.
  if (!weights_finite()) diverged(state_.step_in_epoch, "a weight is not a finite number");
  const auto validation = validate();
  append_history(validation);
  const std::int64_t epoch = state_.epoch + 1;
  const bool best = validation.accuracy > state_.best_val_accuracy;
  if (best) {
    state_.best_val_accuracy = validation.accuracy;
    state_.best_epoch = epoch;
  }
  update_plateau(options_.schedule, validation.loss, state_.plateau);
  if (options_.early_stopping) check_early_stopping(*options_.early_stopping, epoch, hooks);
  state_.epoch = epoch;
  state_.step_in_epoch = 0;
  state_.sums = {};
  if (best) with_average(hooks.save_best);
  const std::int64_t every = options_.checkpoint_every_epochs;
  if (ended() || (every > 0 && epoch % every == 0)) save(hooks);
  for (auto* observer : parts_.observers) observer->on_epoch({epoch, options_.epochs, &state_, best});
}

void Trainer::append_history(const metric::EvaluationResult& validation) {
  const EpochSums& sums = state_.sums;
  const auto images = static_cast<double>(sums.images);
  auto& history = state_.history;
  history.loss.push_back(sums.loss / images);
  history.accuracy.push_back(static_cast<double>(sums.correct) / images);
  history.val_loss.push_back(validation.loss);
  history.val_accuracy.push_back(validation.accuracy);
  history.learning_rate.push_back(rate_at(state_.step - 1));
  history.seconds.push_back(sums.seconds);
  history.images_per_second.push_back(images / std::max(sums.seconds, 1e-9));
}

void Trainer::check_early_stopping(const EarlyStoppingOptions& early, std::int64_t epoch,
                                   const TrainerHooks& hooks) {
  const double monitored = monitored_curve(state_.history, early.monitor).back();
  state_.stopped_early = update_early_stopping(early, monitored, epoch, state_.early_stopping);
  const bool best = state_.early_stopping.best_epoch == epoch;
  if (best && early.restore_best && hooks.save_monitored) with_average(hooks.save_monitored);
}

void Trainer::report_step() const {
  const EpochSums& sums = state_.sums;
  const auto images = static_cast<double>(sums.images);
  const StepReport report{state_.epoch + 1,
                          options_.epochs,
                          state_.step_in_epoch,
                          steps_per_epoch_,
                          sums.loss / images,
                          static_cast<double>(sums.correct) / images,
                          images / std::max(sums.seconds, 1e-9),
                          sums.seconds * static_cast<double>(steps_per_epoch_ - state_.step_in_epoch) /
                              static_cast<double>(state_.step_in_epoch)};
  for (auto* observer : parts_.observers) observer->on_step(report);
}

bool Trainer::weights_finite() const {
  return step_->update().parameters().values().isfinite().all().item().toBool();
}

void Trainer::save(const TrainerHooks& hooks) const {
  if (!weights_finite()) diverged(state_.step_in_epoch, "a weight is not a finite number");
  hooks.save_checkpoint();
}

int Trainer::agreed_signal(const TrainerHooks& hooks) const {
  const int own = hooks.stop_requested();
  return parts_.group == nullptr ? own : agree_on_signal(own, *parts_.group);
}

void Trainer::stop_if_requested(const TrainerHooks& hooks, int signal) {
  if (signal == 0) return;
  save(hooks);
  // No process may exit before the checkpoint is saved.
  if (parts_.group != nullptr) parts_.group->barrier();
  throw core::Interrupted(signal, "stopped by signal " + std::to_string(signal) + " after epoch " +
                                      std::to_string(state_.epoch) + ", step " +
                                      std::to_string(state_.step_in_epoch) + "; resume with --resume");
}

}  // namespace svhn::train
