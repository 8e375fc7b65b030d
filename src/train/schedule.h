#pragma once
/// The learning rate of every step as a pure function of the place in the run, so a resumed run needs no
/// state of it but the plateau's factor.

#include <cstdint>

#include "train/options/train_options.h"

namespace svhn::train {

/// Where a step stands.
struct SchedulePlace {
  std::int64_t step = 0;  ///< From 0, over the whole run.
  std::int64_t steps_per_epoch = 1;
  std::int64_t epochs = 1;      ///< The run's total.
  double plateau_factor = 1.0;  ///< What reduce_on_plateau has multiplied the rate by so far.
};

/// constant: rate; step: rate * factor^floor(epoch / step_epochs); cosine: linear rise from 0 over the
/// warm-up, then minimum + (rate - minimum) (1 + cos(pi p)) / 2; one_cycle: cosine rise from rate /
/// start_divisor to rate and cosine fall to that start / final_divisor (p in [0, 1] over the remaining steps,
/// 1 at the last step); reduce_on_plateau: max(rate * plateau_factor, minimum).
/// @returns the rate of that step. @see Loshchilov and Hutter 2017 (cosine); Smith and Topin 2018 (one cycle)
double learning_rate(const ScheduleOptions& options, double base_rate, const SchedulePlace& place);

/// What reduce_on_plateau remembers. @see Keras, ReduceLROnPlateau (min_delta 1e-4)
struct PlateauState {
  double factor = 1.0;
  double best = 0.0;
  std::int64_t wait = 0;
  bool started = false;
};

/// Looks at an epoch's val_loss and lowers `state.factor` after `patience` epochs without a better one.
void update_plateau(const ScheduleOptions& options, double val_loss, PlateauState& state);

/// What early stopping remembers.
struct EarlyStoppingState {
  double best = 0.0;
  std::int64_t best_epoch = 0;  ///< From 1; 0: none yet.
  std::int64_t wait = 0;
};

/// @param monitored the epoch's value of `options.monitor`. @param epoch from 1.
/// @returns whether to stop now: `patience` epochs passed without an improvement of more than min_delta.
/// @see Keras, EarlyStopping
bool update_early_stopping(const EarlyStoppingOptions& options, double monitored, std::int64_t epoch,
                           EarlyStoppingState& state);

}  // namespace svhn::train
