#pragma once
/// Observers that write the logs of a run: history.json, metrics.jsonl, train.log,
/// summary.json and TensorBoard's event file.

#include <filesystem>
#include <nlohmann/json_fwd.hpp>
#include <string>

#include "train/observer.h"
#include "train/run_files.h"

namespace svhn::train {

/// Writes the text files of a run folder after every epoch.
class RunLog : public TrainObserver {
 public:
  explicit RunLog(RunFiles files);

  /// Rewrites the files from `history`, without epochs after a resumed checkpoint, and logs `event`.
  /// @throws core::Error(data) when the folder cannot be written.
  void start(const std::string& event, const metric::History& history);
  void on_epoch(const EpochReport& report) override;
  /// Writes summary.json.
  void finish(const nlohmann::ordered_json& summary);
  /// Appends a line with a timestamp to train.log.
  void note(const std::string& line) const;

 private:
  void write_curves(const metric::History& history) const;

  RunFiles files_;
};

/// @param epoch from 1, at most history.epochs(). @param epochs of the run.
/// @returns a line such as
/// "epoch 3/50  loss 0.5123  accuracy 0.8411  val_loss 0.4711  val_accuracy 0.8522  12.3 s  415 images/s".
std::string epoch_line(const metric::History& history, std::int64_t epoch, std::int64_t epochs);

/// Writes learning curves as a TensorBoard event file. Tags: loss/train, loss/val, accuracy/train,
/// accuracy/val, learning_rate, images_per_second; step = epoch, from 1.
class TensorBoardLog : public TrainObserver {
 public:
  explicit TensorBoardLog(std::filesystem::path file) : file_(std::move(file)) {}

  /// Rewrites the file from `history`, so that a resumed run repeats no epoch.
  /// @throws core::Error(data) when it cannot be written.
  void start(const metric::History& history) const;
  void on_epoch(const EpochReport& report) override;

 private:
  std::filesystem::path file_;
};

}  // namespace svhn::train
