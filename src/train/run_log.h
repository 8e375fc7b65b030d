#pragma once
/// Keeps a run folder's text files up to date: history.json, metrics.jsonl, train.log, summary.json.

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "train/observer.h"
#include "train/run_files.h"

namespace svhn::train {

class RunLog : public TrainObserver {
 public:
  explicit RunLog(RunFiles files);

  /// Brings the files to the state of `history` (what lay beyond a resumed checkpoint goes) and notes
  /// `event`.
  /// @throws core::Error(data) when the folder cannot be written.
  void start(const std::string& event, const metric::History& history);
  void on_epoch(const EpochReport& report) override;
  /// Writes summary.json.
  void finish(const nlohmann::ordered_json& summary);
  /// Appends a line with the time to train.log.
  void note(const std::string& line) const;

 private:
  void write_curves(const metric::History& history) const;

  RunFiles files_;
};

/// @returns "epoch 3/50  loss 0.5123  accuracy 0.8411  val_loss 0.4711  val_accuracy 0.8522  12.3 s  415
/// images/s".
/// @param epoch from 1, at most history.epochs().
std::string epoch_line(const metric::History& history, std::int64_t epoch, std::int64_t epochs);

}  // namespace svhn::train
