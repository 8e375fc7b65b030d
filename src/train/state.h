#pragma once
/// The training state besides tensors. With a checkpoint's tensors, the seed and the config it determines
/// every later step, since all random numbers are keyed by (seed, epoch, step, row).

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string>

#include "metric/history.h"
#include "train/schedule.h"

namespace svhn::train {

/// Running sums over the images of the current epoch.
struct EpochSums {
  double loss = 0.0;  ///< Sum of loss * batch size, penalties included.
  std::int64_t correct = 0;
  std::int64_t images = 0;
  double seconds = 0.0;  ///< Including those before an interruption.
};

/// Progress of a run.
struct TrainingState {
  std::int64_t epoch = 0;          ///< Finished epochs.
  std::int64_t step_in_epoch = 0;  ///< Finished steps of the current epoch.
  std::int64_t step = 0;           ///< Finished steps of the run.
  EpochSums sums;
  metric::History history;
  double best_val_accuracy = -1.0;
  std::int64_t best_epoch = 0;  ///< From 1; 0: none yet.
  PlateauState plateau;
  EarlyStoppingState early_stopping;
  bool stopped_early = false;
};

/// @returns the state as JSON, as stored in checkpoints.
nlohmann::ordered_json state_json(const TrainingState& state);
/// @param text from `state_json`. @param source the file's name in messages.
/// @throws core::Error(model) naming `source` and a key that is missing, unknown or of the wrong type.
TrainingState state_from_json(const std::string& text, const std::string& source);

}  // namespace svhn::train
