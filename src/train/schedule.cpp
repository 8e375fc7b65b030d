#include "train/schedule.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "core/error.h"

namespace svhn::train {
namespace {

/// Cosine annealing from `from` at p = 0 to `to` at p = 1.
double cosine(double from, double to, double p) {
  return to + (from - to) * (1.0 + std::cos(std::numbers::pi * std::clamp(p, 0.0, 1.0))) / 2.0;
}

double linear(double from, double to, double p) {
  return from + (to - from) * std::clamp(p, 0.0, 1.0);
}

double warmup_steps(const ScheduleOptions& options, const ScheduleStep& at) {
  return options.warmup_epochs * static_cast<double>(at.steps_per_epoch);
}

double cosine_rate(const ScheduleOptions& options, double base, const ScheduleStep& at) {
  const double warmup = warmup_steps(options, at);
  const double last = static_cast<double>(at.epochs * at.steps_per_epoch) - 1.0;
  return cosine(base, options.minimum,
                (static_cast<double>(at.step) - warmup) / std::max(1.0, last - warmup));
}

/// @param between `cosine` or `linear`.
template <class Between>
double cycle_rate(const ScheduleOptions& options, double base, const ScheduleStep& at, Between between) {
  const double start = base / options.start_divisor;
  const double last = static_cast<double>(at.epochs * at.steps_per_epoch) - 1.0;
  const double top = options.rise_fraction * last;
  const auto step = static_cast<double>(at.step);
  if (step < top) return between(start, base, step / top);
  return between(base, start / options.final_divisor, (step - top) / std::max(1.0, last - top));
}

}  // namespace

double learning_rate(const ScheduleOptions& options, double base_rate, const ScheduleStep& at) {
  const auto step = static_cast<double>(at.step);
  if (step < warmup_steps(options, at)) return base_rate * (step + 1.0) / (warmup_steps(options, at) + 1.0);
  switch (options.type) {
    case ScheduleType::constant:
      return base_rate;
    case ScheduleType::step: {
      const std::int64_t epoch = at.step / at.steps_per_epoch;
      return base_rate * std::pow(options.factor, static_cast<double>(epoch / options.step_epochs));
    }
    case ScheduleType::cosine:
      return cosine_rate(options, base_rate, at);
    case ScheduleType::one_cycle:
      return cycle_rate(options, base_rate, at, cosine);
    case ScheduleType::triangular:
      return cycle_rate(options, base_rate, at, linear);
    case ScheduleType::reduce_on_plateau:
      break;
  }
  return std::max(base_rate * at.plateau_factor, options.minimum);
}

void update_plateau(const ScheduleOptions& options, double val_loss, PlateauState& state) {
  constexpr double kMinDelta = 1e-4;
  if (options.type != ScheduleType::reduce_on_plateau) return;
  if (!state.started || val_loss < state.best - kMinDelta) {
    state.best = val_loss;
    state.started = true;
    state.wait = 0;
    return;
  }
  if (++state.wait >= options.patience) {
    state.factor *= options.factor;
    state.wait = 0;
  }
}

bool update_early_stopping(const EarlyStoppingOptions& options, double monitored, std::int64_t epoch,
                           EarlyStoppingState& state) {
  const bool higher_is_better = options.monitor.ends_with("accuracy");
  const double gain = higher_is_better ? monitored - state.best : state.best - monitored;
  if (state.best_epoch == 0 || gain > options.min_delta) {
    state.best = monitored;
    state.best_epoch = epoch;
    state.wait = 0;
    return false;
  }
  return ++state.wait >= options.patience;
}

const std::vector<double>& monitored_curve(const metric::History& history, const std::string& name) {
  for (const auto& field : metric::history_fields()) {
    if (field.key == name) return history.*field.values;
  }
  throw core::Error(core::ExitCode::config,
                    "early stopping monitors '" + name + "', which is not a learning curve",
                    "use loss, accuracy, val_loss or val_accuracy");
}

bool replay_early_stopping(const EarlyStoppingOptions& options, const metric::History& history,
                           EarlyStoppingState& state) {
  state = {};
  bool stops = false;
  std::int64_t epoch = 0;
  for (const double value : monitored_curve(history, options.monitor)) {
    stops = update_early_stopping(options, value, ++epoch, state);
  }
  return stops;
}

}  // namespace svhn::train
