#pragma once
/// Charts of the learning curves during a training: OUTPUT/NAME/curves.png after each epoch, and curves.svg
/// at the end. A chart that cannot be drawn causes one warning; the run goes on.

#include <chrono>
#include <optional>
#include <string>

#include "core/clock.h"
#include "metric/history.h"
#include "report/charts/learning_curves.h"
#include "train/observer.h"
#include "train/run_files.h"

namespace svhn::cli {

/// Draws in a process of its own and at low priority, beside the training. An epoch gets no picture if it
/// ends while another one is being drawn, or earlier than 9 times the drawing time after it.
class LiveChart : public train::TrainObserver {
 public:
  LiveChart(train::RunFiles files, report::RunLabel label);
  /// Moves a finished picture to its file.
  void on_step(const train::StepReport& report) override;
  /// Starts to draw the curves up to this epoch.
  void on_epoch(const train::EpochReport& report) override;
  /// Draws both files and waits for them.
  /// @param history of the complete run; nothing is drawn if it has no epoch.
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
  core::Clock::time_point last_poll_;
  core::Clock::time_point started_;     ///< Start of the picture that is being drawn.
  core::Clock::time_point not_before_;  ///< Earliest start of the next picture.
  bool warned_ = false;
};

/// Draws curves.png and curves.svg of a finished run unless both exist.
void draw_missing_charts(const train::RunFiles& files, const metric::History& history,
                         const report::RunLabel& label);

/// Shows a text chart of the accuracy below the lines of another observer. It is redrawn after each epoch,
/// but computed again only after 20 times the time that the last computation took, and at the end of the run.
class TerminalChart : public train::TrainObserver {
 public:
  /// @param lines prints the epochs; it must outlive this object.
  TerminalChart(train::TrainObserver& lines, report::RunLabel label);
  void on_step(const train::StepReport& report) override { lines_.on_step(report); }
  void on_epoch(const train::EpochReport& report) override;
  /// Shows the chart of the whole run, unless it is there already. @param history of the run so far.
  void finish(const metric::History& history);

 private:
  void erase();
  void draw(const metric::History& history, bool compute);

  train::TrainObserver& lines_;
  report::RunLabel label_;
  std::string text_;                    ///< The last chart.
  std::size_t computed_ = 0;            ///< Epochs of the last chart.
  long height_ = 0;                     ///< Lines of the chart on the terminal.
  core::Clock::time_point not_before_;  ///< Earliest time of the next computation.
  bool warned_ = false;
};

}  // namespace svhn::cli
