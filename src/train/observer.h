#pragma once
/// Who wants to know how training goes: consoles, files, charts. Observers never change the run.

#include <cstdint>
#include <string>

#include "train/state.h"

namespace svhn::train {

struct StepReport {
  std::int64_t epoch = 0;  ///< From 1.
  std::int64_t epochs = 0;
  std::int64_t step_in_epoch = 0;  ///< From 1.
  std::int64_t steps_per_epoch = 0;
  double loss = 0.0;  ///< Running means over the epoch so far.
  double accuracy = 0.0;
  double images_per_second = 0.0;  ///< Over the epoch so far.
  double seconds_left = 0.0;       ///< Of this epoch's steps, at that speed.
};

struct EpochReport {
  std::int64_t epoch = 0;  ///< From 1.
  std::int64_t epochs = 0;
  const TrainingState* state = nullptr;  ///< History holds the epoch's numbers as its last entries.
  bool best = false;                     ///< The best validation accuracy so far.
};

class TrainObserver {
 public:
  virtual ~TrainObserver() = default;
  virtual void on_step(const StepReport& /*report*/) {}
  virtual void on_epoch(const EpochReport& /*report*/) {}
};

}  // namespace svhn::train
