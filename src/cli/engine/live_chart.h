#pragma once
/// The learning curves as pictures while a run trains: OUTPUT/NAME/curves.png after each epoch, and
/// curves.svg at the end. A chart that cannot be drawn is one warning, never a failed run.

#include <chrono>
#include <optional>
#include <string>

#include "core/clock.h"
#include "metric/history.h"
#include "report/charts/learning_curves.h"
#include "train/observer.h"
#include "train/run_files.h"

namespace svhn::cli {

/// Draws beside the training, where processors have nothing better to do: an epoch that ends while a picture
/// is being drawn, or sooner after it than 9 times what it took, gets none of its own.
class LiveChart : public train::TrainObserver {
 public:
  LiveChart(train::RunFiles files, report::RunLabel label);
  /// Puts a finished picture in place.
  void on_step(const train::StepReport& report) override;
  /// Starts the picture of this epoch.
  void on_epoch(const train::EpochReport& report) override;
  /// Draws both files and waits for them.
  /// @param history of the whole run; without an epoch nothing is drawn.
  void finish(const metric::History& history);

 private:
  void start(std::optional<report::ChartJob>& job, const std::filesystem::path& path,
             const metric::History& history);
  void collect(std::optional<report::ChartJob>& job);
  void collect_live();
  void warn_once(const std::string& message);

  train::RunFiles files_;
  report::RunLabel label_;
  std::optional<report::ChartJob> png_;
  std::optional<report::ChartJob> svg_;
  core::Clock::time_point last_look_;
  core::Clock::time_point started_;  ///< The picture that is being drawn.
  core::Clock::time_point rest_;     ///< No picture starts before.
  bool warned_ = false;
};

/// Draws a finished run's pictures where one is missing.
void draw_missing_charts(const train::RunFiles& files, const metric::History& history,
                         const report::RunLabel& label);

/// Shows the accuracy below the lines of another observer, in place. Drawn anew after each epoch, but not
/// sooner than 20 times what the former one took; until then that one stays.
class TerminalChart : public train::TrainObserver {
 public:
  /// @param lines who prints the epochs; outlives this.
  TerminalChart(train::TrainObserver& lines, report::RunLabel label);
  void on_step(const train::StepReport& report) override { lines_.on_step(report); }
  void on_epoch(const train::EpochReport& report) override;

 private:
  void erase();
  void draw(const metric::History& history);

  train::TrainObserver& lines_;
  report::RunLabel label_;
  std::string text_;              ///< The last chart.
  long height_ = 0;               ///< Lines of the chart that stands on the terminal.
  core::Clock::time_point rest_;  ///< No chart is drawn before.
  bool warned_ = false;
};

}  // namespace svhn::cli
