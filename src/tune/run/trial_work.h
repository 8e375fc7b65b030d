#pragma once
/// Runs a trial's runs one after the other.

#include <cstdint>
#include <functional>

#include "train/observer.h"
#include "tune/outcome.h"
#include "tune/run/trial_runner.h"

namespace svhn::tune {

/// Asked after each epoch: whether the last of the runs pauses here.
using AttemptPause = std::function<bool(const TrialProgress& so_far)>;

struct TrialWork {
  const TrialRunner* runner = nullptr;
  train::TrainObserver* training = nullptr;
  std::function<void(std::int64_t run)> on_run;  ///< A run begins or goes on.
  std::function<void()> check_search;  ///< Called after a failure; throws when it is the whole search's.
  AttemptPause pause;
  bool pause_ends_trial = false;  ///< Otherwise the next run follows.
};

/// @returns what the trial has come to. A run that diverges or whose network cannot be is its failure.
/// @throws core::Error when the search cannot go on; core::Interrupted after a checkpoint
TrialProgress attempt_trial(const Trial& trial, const TrialWork& work);

}  // namespace svhn::tune
