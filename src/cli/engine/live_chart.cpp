#include "cli/engine/live_chart.h"

#include <spdlog/spdlog.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <string>
#include <utility>

#include "cli/console.h"
#include "core/clock.h"
#include "core/error.h"

namespace svhn::cli {
namespace {

constexpr auto kPollInterval = std::chrono::milliseconds(20);
constexpr int kPause = 9;       // Between two pictures, in multiples of the time that a picture takes.
constexpr int kTextPause = 20;  // The same for text charts, which the training waits for.
constexpr int kMinRows = 12, kMaxRows = 22, kMinColumns = 60, kMaxColumns = 110;

constexpr int kFreeRows = 4;  // So that the line of the epoch and the progress bar stay visible.

report::TextSize terminal_size() {
  winsize size{};
  if (::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) size = {24, 80, 0, 0};
  return {std::min(size.ws_col - 1, kMaxColumns), std::min(size.ws_row - kFreeRows, kMaxRows), use_colours()};
}

}  // namespace

LiveChart::LiveChart(train::RunFiles files, report::RunLabel label)
    : files_(std::move(files)), label_(std::move(label)) {}

void LiveChart::warn_once(const std::string& message) {
  if (!std::exchange(warned_, true)) spdlog::warn("warning: {}; the curves' numbers are complete", message);
}

void LiveChart::start(std::optional<report::ChartJob>& job, const std::filesystem::path& path,
                      const metric::History& history) {
  // Without gnuplot every attempt fails.
  if (warned_) return;
  job.emplace(path, report::learning_curves_chart(history, label_));
}

void LiveChart::collect(std::optional<report::ChartJob>& job) {
  if (!job) return;
  try {
    const auto result = job->finish();
    if (result.status != report::ChartStatus::drawn) warn_once(result.message);
  } catch (const core::Error& error) {
    warn_once(error.what());
  }
  job.reset();
}

void LiveChart::on_step(const train::StepReport& /*report*/) {
  const auto now = core::Clock::now();
  if (!png_ || now - last_poll_ < kPollInterval) return;
  last_poll_ = now;
  if (!png_->running()) collect_live();
}

void LiveChart::collect_live() {
  if (!png_) return;
  collect(png_);
  const auto now = core::Clock::now();
  not_before_ = now + kPause * (now - started_);
}

void LiveChart::on_epoch(const train::EpochReport& report) {
  if (png_ && png_->running()) return;
  collect_live();
  const auto now = core::Clock::now();
  if (now < not_before_) return;
  started_ = now;
  start(png_, files_.curves_png, report.state->history);
  if (png_) png_->lower_priority();
}

void LiveChart::finish(const metric::History& history) {
  png_.reset();  // The picture of an earlier epoch is not needed any more.
  if (history.epochs() == 0) return;
  start(png_, files_.curves_png, history);
  start(svg_, files_.curves_svg, history);
  collect(png_);
  collect(svg_);
}

void draw_missing_charts(const train::RunFiles& files, const metric::History& history,
                         const report::RunLabel& label) {
  std::error_code error;
  if (std::filesystem::exists(files.curves_png, error) && std::filesystem::exists(files.curves_svg, error)) {
    return;
  }
  LiveChart(files, label).finish(history);
}

TerminalChart::TerminalChart(train::TrainObserver& lines, report::RunLabel label)
    : lines_(lines), label_(std::move(label)) {}

void TerminalChart::erase() {
  if (height_ > 0) std::fputs(("\r\x1b[" + std::to_string(height_) + "A\x1b[J").c_str(), stderr);
  height_ = 0;
}

void TerminalChart::on_epoch(const train::EpochReport& report) {
  erase();
  lines_.on_epoch(report);
  draw(report.state->history, core::Clock::now() >= not_before_);
}

void TerminalChart::finish(const metric::History& history) {
  if (history.epochs() == 0 || history.epochs() == computed_) return;
  erase();
  draw(history, true);
}

void TerminalChart::draw(const metric::History& history, bool compute) {
  const report::TextSize size = terminal_size();
  if (size.rows < kMinRows || size.columns < kMinColumns || warned_) return;
  if (compute || text_.empty()) {
    const auto start = core::Clock::now();
    text_.clear();
    const auto result = report::draw_text_chart(report::accuracy_chart(history, label_), size, text_);
    if (result.status != report::ChartStatus::drawn) {
      warned_ = true;
      spdlog::warn("warning: {}", result.message);
      return;
    }
    const auto end = core::Clock::now();
    not_before_ = end + kTextPause * (end - start);
    computed_ = history.epochs();
  }
  height_ = std::count(text_.begin(), text_.end(), '\n');
  std::fputs(text_.c_str(), stderr);
}

}  // namespace svhn::cli
