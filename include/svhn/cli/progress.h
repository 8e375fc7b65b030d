#pragma once
/// Training as a person watches it: a bar on a terminal, a line an epoch elsewhere.

#include <chrono>

#include "svhn/cli/options.h"
#include "svhn/train/observer.h"

namespace svhn::cli {

class Progress : public train::TrainObserver {
 public:
  explicit Progress(const GlobalOptions& global);
  ~Progress() override;
  void on_step(const train::StepReport& report) override;
  void on_epoch(const train::EpochReport& report) override;

 private:
  void clear_bar();

  bool bar_;
  bool drawn_ = false;
  std::chrono::steady_clock::time_point last_;
};

}  // namespace svhn::cli
