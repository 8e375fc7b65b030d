#include "cli/engine/progress.h"

#include <spdlog/spdlog.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <string>
#include <utility>

#include "cli/console.h"
#include "core/clock.h"
#include "train/run_log.h"

namespace svhn::cli {
namespace {

constexpr auto kRedraw = std::chrono::milliseconds(100);

int terminal_columns() {
  winsize size{};
  const bool known = ::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0;
  return known ? size.ws_col : 80;
}

std::string clock_text(double seconds) {
  std::array<char, 32> text{};
  const auto whole = static_cast<long>(seconds + 0.5);
  if (whole >= 3600) {
    std::snprintf(text.data(), text.size(), "%ld:%02ld:%02ld", whole / 3600, whole / 60 % 60, whole % 60);
  } else {
    std::snprintf(text.data(), text.size(), "%ld:%02ld", whole / 60, whole % 60);
  }
  return text.data();
}

std::string numbers(const train::StepReport& report) {
  std::array<char, 160> text{};
  std::snprintf(text.data(), text.size(), " %lld/%lld  loss %.4f  accuracy %.4f  %.0f images/s  %s left",
                static_cast<long long>(report.step_in_epoch), static_cast<long long>(report.steps_per_epoch),
                report.loss, report.accuracy, report.images_per_second,
                clock_text(report.seconds_left).c_str());
  return text.data();
}

std::string bar_line(const std::string& prefix, const train::StepReport& report) {
  const std::string head =
      prefix + "epoch " + std::to_string(report.epoch) + "/" + std::to_string(report.epochs) + " [";
  const std::string tail = "]" + numbers(report);
  const int room = terminal_columns() - static_cast<int>(head.size() + tail.size()) - 1;
  const auto width = static_cast<std::size_t>(std::clamp(room, 4, 40));
  const auto filled = width * static_cast<std::size_t>(report.step_in_epoch) /
                      static_cast<std::size_t>(std::max<std::int64_t>(report.steps_per_epoch, 1));
  std::string line = head + std::string(filled, '=') + std::string(width - filled, ' ') + tail;
  // A line that wraps could not be drawn over.
  line.resize(std::min(line.size(), static_cast<std::size_t>(std::max(terminal_columns() - 1, 10))));
  return line;
}

}  // namespace

Progress::Progress(const GlobalOptions& global, std::string prefix)
    : bar_(stderr_is_terminal() && !global.quiet), prefix_(std::move(prefix)) {}

Progress::~Progress() {
  clear_bar();
}

void Progress::clear_bar() {
  if (drawn_) std::fputs("\r\x1b[K", stderr);
  drawn_ = false;
}

void Progress::on_step(const train::StepReport& report) {
  if (std::exchange(first_, false)) spdlog::debug("first step done");
  const auto now = core::Clock::now();
  if (!bar_ || now - last_ < kRedraw) return;
  last_ = now;
  drawn_ = true;
  std::fputs(("\r" + bar_line(prefix_, report) + "\x1b[K").c_str(), stderr);
}

void Progress::on_epoch(const train::EpochReport& report) {
  clear_bar();
  const std::string line = train::epoch_line(report.state->history, report.epoch, report.epochs);
  spdlog::info("{}{}", line, report.best ? "  *" : "");
}

}  // namespace svhn::cli
