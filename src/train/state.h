#pragma once
/// All that a run has to remember besides its tensors: with the checkpoint's tensors, the seed and the config
/// it determines every later step, since all randomness is keyed by (seed, epoch, step, row).

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string>

#include "metric/history.h"
#include "train/schedule.h"

namespace svhn::train {

/// Running sums over the images of the epoch under way.
struct EpochSums {
  double loss = 0.0;  ///< Sum of loss * batch size, penalties included.
  std::int64_t correct = 0;
  std::int64_t images = 0;
  double seconds = 0.0;  ///< Spent so far, also before an interruption.
};

struct TrainingState {
  std::int64_t epoch = 0;          ///< Finished epochs.
  std::int64_t step_in_epoch = 0;  ///< Finished steps of the epoch under way.
  std::int64_t step = 0;           ///< Finished steps of the run.
  EpochSums sums;
  metric::History history;
  double best_val_accuracy = -1.0;
  std::int64_t best_epoch = 0;  ///< From 1; 0: none yet.
  PlateauState plateau;
  EarlyStoppingState early_stopping;
  bool stopped_early = false;
};

nlohmann::ordered_json state_json(const TrainingState& state);
/// @throws core::Error(model) naming `source` and the key that is missing, unknown or of the wrong kind.
TrainingState state_from_json(const std::string& text, const std::string& source);

}  // namespace svhn::train
