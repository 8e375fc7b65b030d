#pragma once
/// Progress on stderr: a line that is redrawn on a terminal, and for a training one line an epoch.

#include <cstdint>
#include <string>

#include "cli/options.h"
#include "core/clock.h"
#include "train/observer.h"

namespace svhn::cli {

/// Shows a training: a progress bar on a terminal, and a log line for each epoch.
class TrainProgress : public train::TrainObserver {
 public:
  /// @param prefix text at the start of each line of the bar; may be empty.
  explicit TrainProgress(const GlobalOptions& global, std::string prefix = {});
  ~TrainProgress() override;
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

/// Shows a long step other than a training: a progress bar on a terminal, nothing elsewhere.
class StageProgress {
 public:
  /// @param stage the name of the step, e.g. "embeddings".
  StageProgress(const GlobalOptions& global, std::string stage);
  ~StageProgress();
  StageProgress(const StageProgress&) = delete;
  StageProgress& operator=(const StageProgress&) = delete;
  /// Redraws the bar, at most 10 times a second.
  /// @param detail text behind the numbers; may be empty.
  void show(std::int64_t done, std::int64_t total, const std::string& detail = {});
  /// Shows what is done at the moment, where there is nothing to count.
  void tell(const std::string& what);

 private:
  void draw(const std::string& text);

  std::string stage_;
  bool on_terminal_;
  bool drawn_ = false;
  core::Clock::time_point last_;
};

/// Calls `step` with a bar that is gone when it returns. @returns what `step` returns.
template <typename Step>
auto with_progress(const GlobalOptions& global, const std::string& stage, const Step& step) {
  StageProgress progress(global, stage);
  return step(progress);
}

/// @throws core::Interrupted with this message when a signal has asked the process to stop.
void stop_if_asked(const std::string& message);

}  // namespace svhn::cli
