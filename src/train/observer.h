#pragma once
/// Observers of training: consoles, files, charts. They never change the run.

#include <cstdint>
#include <string>

#include "train/state.h"

namespace svhn::train {

/// Progress after a step.
struct StepReport {
  std::int64_t epoch = 0;  ///< From 1.
  std::int64_t epochs = 0;
  std::int64_t step_in_epoch = 0;  ///< From 1.
  std::int64_t steps_per_epoch = 0;
  double loss = 0.0;               ///< Running mean over the epoch.
  double accuracy = 0.0;           ///< Running mean over the epoch.
  double images_per_second = 0.0;  ///< Running mean over the epoch.
  double seconds_left = 0.0;       ///< Until the last step of this epoch, at this speed.
};

/// Progress after an epoch.
struct EpochReport {
  std::int64_t epoch = 0;  ///< From 1.
  std::int64_t epochs = 0;
  const TrainingState* state = nullptr;  ///< The last entries of its history are this epoch's.
  bool best = false;                     ///< This epoch has the best validation accuracy so far.
};

/// Called by the training loop after every step and epoch.
class TrainObserver {
 public:
  virtual ~TrainObserver() = default;
  virtual void on_step(const StepReport& /*report*/) {}
  virtual void on_epoch(const EpochReport& /*report*/) {}
};

}  // namespace svhn::train
