#include "svhn/train/trainer.h"

#include <chrono>
#include <cmath>

#include "svhn/core/error.h"
#include "svhn/core/signals.h"
#include "svhn/evaluate/evaluate.h"
#include "svhn/train/epoch_rows.h"
#include "svhn/train/loss.h"
#include "svhn/train/mixup.h"

namespace svhn::train {
namespace {

using core::Error;
using core::ExitCode;
using data::Split;
using torch::Tensor;
using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

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

Tensor class_weight_tensor(const TrainOptions& options, const torch::Device& device) {
  if (options.class_weights.empty()) return {};
  return torch::tensor(options.class_weights, torch::kFloat64).to(device, torch::kFloat32);
}

/// @param shape of one input.
/// @returns inputs [n,...] and class indices [n] on the network's device, borrowed from the batch where they
/// can be.
std::pair<Tensor, Tensor> batch_tensors(const data::Batch& batch, std::vector<std::int64_t> shape,
                                        const model::Network& network) {
  shape.insert(shape.begin(), batch.size);
  auto* pixels = const_cast<float*>(batch.pixels.data());
  auto* labels = const_cast<std::int64_t*>(batch.labels.data());
  return {torch::from_blob(pixels, shape, torch::kFloat32).to(network.device()),
          torch::from_blob(labels, {batch.size}, torch::kInt64).to(network.device())};
}

}  // namespace

Trainer::Trainer(const TrainOptions& options, TrainerParts parts)
    : options_(options),
      parts_(std::move(parts)),
      update_(*parts_.network, options),
      average_(*parts_.network, options.ema_decay),
      class_weights_(class_weight_tensor(options, parts_.network->device())),
      pixels_(*parts_.data, parts_.train_plan),
      steps_per_epoch_(count_steps(options, *parts_.data)) {}

Trainer::~Trainer() = default;

std::vector<model::NamedTensor> Trainer::optimizer_tensors() const {
  std::vector<model::NamedTensor> tensors = average_.tensors();
  const auto more = update_.tensors();
  tensors.insert(tensors.end(), more.begin(), more.end());
  return tensors;
}

bool Trainer::run(const TrainerHooks& hooks) {
  while (!ended()) {
    train_epoch(hooks);
    finish_epoch(hooks);
    stop_if_asked(hooks);
    if (ended() || !hooks.pause || !hooks.pause(state_)) continue;
    save(hooks);
    return false;
  }
  return true;
}

bool Trainer::ended() const {
  return state_.epoch >= options_.epochs || state_.stopped_early;
}

void Trainer::train_epoch(const TrainerHooks& hooks) {
  const auto rows = epoch_rows(options_, *parts_.data, state_.epoch, steps_per_epoch_);
  const auto done = static_cast<std::size_t>(state_.step_in_epoch * options_.batch_size);
  data::BatchOptions batches{options_.batch_size, true, {}};
  if (parts_.augment) {
    const std::size_t images = parts_.data->indices(Split::train).size();
    batches.hook = epoch_hook(parts_.augment, {state_.epoch, images, rows.size(), done});
  }
  data::BatchLoader loader(*parts_.data, inputs(), batches);
  loader.start(std::span(rows).subspan(std::min(done, rows.size())));
  const auto start = Clock::now();
  const double before = state_.sums.seconds;
  while (const data::Batch* batch = loader.next()) {
    train_step(*batch);
    state_.sums.seconds = before + seconds_since(start);
    report_step();
    if (state_.step_in_epoch == steps_per_epoch_) break;
    const std::int64_t every = options_.checkpoint_every_steps;
    if (every > 0 && state_.step % every == 0) save(hooks);
    stop_if_asked(hooks);
  }
  state_.sums.seconds = before + seconds_since(start);
}

void Trainer::train_step(const data::Batch& batch) {
  model::Network& network = *parts_.network;
  const auto [input, classes] = batch_tensors(batch, inputs().shape(), network);
  const model::ForwardContext context{true, parts_.precision, options_.seed, state_.step, 0, first_};
  const Mixing mixing =
      draw_mixing(parts_.mixup, batch.size, {options_.seed, state_.epoch, state_.step_in_epoch});
  const Tensor logits = network.forward(mix(input, mixing), context);
  const Tensor targets =
      mix(smooth_targets(classes, data::kClasses, options_.label_smoothing, logits.scalar_type()), mixing);
  Tensor loss = cross_entropy(logits, targets, class_weights_);
  const FlatParameters& parameters = update_.parameters();
  if (const Tensor penalty = weight_penalty(parameters.tensors()); penalty.defined()) loss = loss + penalty;
  const double value = loss.item().toDouble();
  check_finite(value);

  parameters.gradients().zero_();
  loss.backward();
  update_.step(rate_at(state_.step), state_.step + 1);
  average_.update();
  state_.sums.loss += value * static_cast<double>(batch.size);
  state_.sums.correct += logits.argmax(1).eq(classes).sum().item().toLong();
  state_.sums.images += batch.size;
  ++state_.step;
  ++state_.step_in_epoch;
}

double Trainer::time_step() {
  constexpr int kWarmUp = 1, kMeasured = 3;
  const auto rows = epoch_rows(options_, *parts_.data, 0, steps_per_epoch_);
  data::BatchLoader loader(*parts_.data, inputs(), {options_.batch_size, false, {}});
  loader.start(rows);
  const data::Batch* batch = loader.next();
  for (int i = 0; i < kWarmUp; ++i) train_step(*batch);
  const auto start = Clock::now();
  for (int i = 0; i < kMeasured; ++i) train_step(*batch);
  return seconds_since(start) / kMeasured;
}

double Trainer::rate_at(std::int64_t step) const {
  return learning_rate(options_.schedule, options_.optimizer.learning_rate,
                       {step, steps_per_epoch_, options_.epochs, state_.plateau.factor});
}

void Trainer::check_finite(double loss) const {
  if (std::isfinite(loss)) return;
  diverged(state_.step_in_epoch + 1, "the loss is " + std::to_string(loss));
}

void Trainer::diverged(std::int64_t step, const std::string& what) const {
  throw Error(ExitCode::numeric,
              "epoch " + std::to_string(state_.epoch + 1) + ", step " + std::to_string(step) + ": " + what,
              "lower the learning rate or set train.clip_norm; the last checkpoint is kept");
}

void Trainer::with_average(const std::function<void()>& body) {
  average_.use(body);
}

void Trainer::use_features(const data::InputSource& features, model::Place place) {
  features_ = &features;
  first_ = place;
  parts_.augment = {};
}

const data::InputSource& Trainer::inputs() const {
  if (features_ != nullptr) return *features_;
  return pixels_;
}

metric::EvaluationResult Trainer::validate() {
  metric::EvaluationResult result;
  with_average([&] {
    evaluate::EvaluateOptions options;
    options.precision = parts_.precision;
    options.label_smoothing = options_.label_smoothing;
    options.inputs = features_;
    options.first = first_;
    try {
      result = evaluate::evaluate(*parts_.network, *parts_.data, Split::val, parts_.val_plan, options);
    } catch (const Error& error) {
      if (error.code() != ExitCode::numeric) throw;
      diverged(state_.step_in_epoch, std::string("in validation ") + error.what());
    }
    const Tensor penalty = weight_penalty(update_.parameters().tensors());
    if (penalty.defined()) result.loss += penalty.item().toDouble();
  });
  return result;
}

void Trainer::finish_epoch(const TrainerHooks& hooks) {
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
  if (options_.early_stopping) watch(*options_.early_stopping, epoch, hooks);
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

void Trainer::watch(const EarlyStoppingOptions& early, std::int64_t epoch, const TrainerHooks& hooks) {
  state_.stopped_early = update_early_stopping(early, monitored(early.monitor), epoch, state_.early_stopping);
  const bool best = state_.early_stopping.best_epoch == epoch;
  if (best && early.restore_best && hooks.save_monitored) with_average(hooks.save_monitored);
}

double Trainer::monitored(const std::string& name) const {
  for (const auto& field : metric::history_fields()) {
    if (field.key == name) return (state_.history.*field.values).back();
  }
  throw Error(ExitCode::config, "early stopping monitors '" + name + "', which is not a learning curve",
              "use loss, accuracy, val_loss or val_accuracy");
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
  return update_.parameters().values().isfinite().all().item().toBool();
}

void Trainer::save(const TrainerHooks& hooks) const {
  if (!weights_finite()) diverged(state_.step_in_epoch, "a weight is not a finite number");
  hooks.save_checkpoint();
}

void Trainer::stop_if_asked(const TrainerHooks& hooks) {
  const int signal = hooks.stop_requested();
  if (signal == 0) return;
  save(hooks);
  throw core::Interrupted(signal, "stopped by signal " + std::to_string(signal) + " after epoch " +
                                      std::to_string(state_.epoch) + ", step " +
                                      std::to_string(state_.step_in_epoch) + "; go on with --resume");
}

}  // namespace svhn::train
