#pragma once
/// A run's learning curves as a TensorBoard event file; one step an epoch.

#include <filesystem>

#include "train/observer.h"

namespace svhn::train {

/// Tags: loss/train, loss/val, accuracy/train, accuracy/val, learning_rate, images_per_second; step = epoch
/// from 1.
class TensorBoardLog : public TrainObserver {
 public:
  explicit TensorBoardLog(std::filesystem::path file) : file_(std::move(file)) {}

  /// Writes the file anew with the epochs of `history`, so that a resumed run has no epoch twice.
  /// @throws core::Error(data) when it cannot be written.
  void start(const metric::History& history) const;
  void on_epoch(const EpochReport& report) override;

 private:
  std::filesystem::path file_;
};

}  // namespace svhn::train
