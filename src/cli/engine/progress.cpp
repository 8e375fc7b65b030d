#include "cli/engine/progress.h"

#include <spdlog/fmt/fmt.h>
#include <spdlog/spdlog.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <string>
#include <utility>

#include "cli/console.h"
#include "core/json.h"
#include "core/signals.h"
#include "core/text.h"
#include "core/words.h"
#include "train/run_log.h"

namespace svhn::cli {
namespace {

constexpr auto kRedraw = std::chrono::milliseconds(100);
constexpr std::int64_t kStageWidth = 30;

int terminal_columns() {
  winsize size{};
  const bool known = ::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0;
  return known ? size.ws_col : 80;
}

std::string numbers(const train::StepReport& report) {
  return fmt::format(" {}/{}  loss {:.4f}  accuracy {:.4f}  {:.0f} images/s  {} left", report.step_in_epoch,
                     report.steps_per_epoch, report.loss, report.accuracy, report.images_per_second,
                     core::duration_text(report.seconds_left));
}

std::string bar_line(const std::string& prefix, const train::StepReport& report) {
  const std::string head =
      prefix + "epoch " + std::to_string(report.epoch) + "/" + std::to_string(report.epochs) + " [";
  const std::string tail = "]" + numbers(report);
  const int left = terminal_columns() - static_cast<int>(head.size() + tail.size()) - 1;
  const auto width = static_cast<std::size_t>(std::clamp(left, 4, 40));
  const auto filled = width * static_cast<std::size_t>(report.step_in_epoch) /
                      static_cast<std::size_t>(std::max<std::int64_t>(report.steps_per_epoch, 1));
  std::string line = head + std::string(filled, '=') + std::string(width - filled, ' ') + tail;
  // The next line could not overwrite a line that wraps.
  line.resize(std::min(line.size(), static_cast<std::size_t>(std::max(terminal_columns() - 1, 10))));
  return line;
}

}  // namespace

TrainProgress::TrainProgress(const GlobalOptions& global, std::string prefix)
    : bar_(stderr_is_terminal() && !global.quiet), prefix_(std::move(prefix)) {}

TrainProgress::~TrainProgress() {
  clear_bar();
}

void TrainProgress::clear_bar() {
  if (drawn_) std::fputs("\r\x1b[K", stderr);
  drawn_ = false;
}

void TrainProgress::on_step(const train::StepReport& report) {
  if (std::exchange(first_, false)) spdlog::debug("first step done");
  const auto now = core::Clock::now();
  if (!bar_ || now - last_ < kRedraw) return;
  last_ = now;
  drawn_ = true;
  std::fputs(("\r" + bar_line(prefix_, report) + "\x1b[K").c_str(), stderr);
}

void TrainProgress::on_epoch(const train::EpochReport& report) {
  clear_bar();
  const std::string line = train::epoch_line(report.state->history, report.epoch, report.epochs);
  spdlog::info("{}{}", line, report.best ? "  *" : "");
}

StageProgress::StageProgress(const GlobalOptions& global, std::string stage)
    : stage_(std::move(stage)), on_terminal_(stderr_is_terminal() && !global.quiet) {}

StageProgress::~StageProgress() {
  if (drawn_) std::fputs("\r\x1b[K", stderr);
}

void StageProgress::show(std::int64_t done, std::int64_t total, const std::string& detail) {
  const auto now = core::Clock::now();
  if (!on_terminal_ || now - last_ < kRedraw) return;
  last_ = now;
  const auto filled = static_cast<std::size_t>(kStageWidth * done / std::max<std::int64_t>(total, 1));
  std::string bar(static_cast<std::size_t>(kStageWidth), ' ');
  std::fill_n(bar.begin(), std::min(filled, bar.size()), '=');
  draw(" [" + bar + "] " + core::with_thousands(done) + "/" + core::with_thousands(total) +
       (detail.empty() ? "" : "  " + detail));
}

void StageProgress::tell(const std::string& what) {
  if (on_terminal_) draw(": " + core::printable(what, static_cast<std::size_t>(terminal_columns())));
}

void StageProgress::draw(const std::string& text) {
  drawn_ = true;
  std::fputs(("\r" + stage_ + text + "\x1b[K").c_str(), stderr);
}

void stop_if_asked(const std::string& message) {
  const int signal = core::stop_signal();
  if (signal != 0) throw core::Interrupted(signal, message);
}

}  // namespace svhn::cli
