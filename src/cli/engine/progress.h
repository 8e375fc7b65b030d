#pragma once
/// Training as a person watches it: a bar on a terminal, a line an epoch elsewhere.

#include <chrono>
#include <string>

#include "cli/options.h"
#include "core/clock.h"
#include "train/observer.h"

namespace svhn::cli {

class Progress : public train::TrainObserver {
 public:
  /// @param prefix begins each line of the bar.
  explicit Progress(const GlobalOptions& global, std::string prefix = {});
  ~Progress() override;
  void on_step(const train::StepReport& report) override;
  void on_epoch(const train::EpochReport& report) override;

 private:
  void clear_bar();

  bool bar_;
  std::string prefix_;
  bool drawn_ = false;
  bool first_ = true;  ///< No step has ended yet.
  core::Clock::time_point last_;
};

}  // namespace svhn::cli
