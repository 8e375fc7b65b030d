#pragma once
/// Learning rate schedules, and the states of reduce_on_plateau and early stopping. The rate is a pure
/// function of the step and the plateau's factor, so a resumed run needs no other state.

#include <cstdint>
#include <string>
#include <vector>

#include "metric/history.h"
#include "train/options/train_options.h"

namespace svhn::train {

/// A step within a run.
struct ScheduleStep {
  std::int64_t step = 0;  ///< From 0, over the whole run.
  std::int64_t steps_per_epoch = 1;
  std::int64_t epochs = 1;      ///< Of the run.
  double plateau_factor = 1.0;  ///< PlateauState::factor.
};

/// Schedules: constant: rate; step: rate * factor^floor(epoch / step_epochs); cosine: minimum + (rate -
/// minimum) (1 + cos(pi p)) / 2; one_cycle: cosine rise from rate / start_divisor to rate and cosine fall to
/// that start / final_divisor (p in [0, 1] over the remaining steps, 1 at the last step); triangular: the
/// same with straight lines; reduce_on_plateau: max(rate * plateau_factor, minimum). The warm-up before them
/// rises linearly from 0.
/// @param base_rate the configured learning rate.
/// @returns the rate of a step. @see Loshchilov and Hutter 2017 (cosine); Smith and Topin 2018 (one cycle)
double learning_rate(const ScheduleOptions& options, double base_rate, const ScheduleStep& at);

/// State of reduce_on_plateau. @see Keras, ReduceLROnPlateau (min_delta 1e-4)
struct PlateauState {
  double factor = 1.0;
  double best = 0.0;
  std::int64_t wait = 0;
  bool started = false;
};

/// Updates the state with an epoch's val_loss: multiplies `state.factor` by `options.factor` after `patience`
/// epochs without a better one.
void update_plateau(const ScheduleOptions& options, double val_loss, PlateauState& state);

/// State of early stopping.
struct EarlyStoppingState {
  double best = 0.0;
  std::int64_t best_epoch = 0;  ///< From 1; 0: none yet.
  std::int64_t wait = 0;
};

/// Updates the state after an epoch.
/// @param monitored the epoch's value of `options.monitor`. @param epoch from 1.
/// @returns whether to stop: `patience` epochs had no improvement by more than min_delta.
/// @see Keras, EarlyStopping
bool update_early_stopping(const EarlyStoppingOptions& options, double monitored, std::int64_t epoch,
                           EarlyStoppingState& state);

/// @returns the curve that early stopping monitors, one value an epoch.
/// @throws core::Error(config) when no curve has the name.
const std::vector<double>& monitored_curve(const metric::History& history, const std::string& name);

/// Computes the state that early stopping would have, had it watched all epochs so far.
/// @param state output. @returns whether to stop.
bool replay_early_stopping(const EarlyStoppingOptions& options, const metric::History& history,
                           EarlyStoppingState& state);

}  // namespace svhn::train
