#include "cli/stage_progress.h"

#include <algorithm>
#include <cstdio>

#include "cli/console.h"
#include "core/clock.h"
#include "core/signals.h"
#include "model/summary.h"

namespace svhn::cli {
namespace {

constexpr auto kRedraw = std::chrono::milliseconds(100);
constexpr std::int64_t kWidth = 30;

}  // namespace

StageProgress::StageProgress(const GlobalOptions& global, std::string stage)
    : stage_(std::move(stage)), on_terminal_(stderr_is_terminal() && !global.quiet) {}

StageProgress::~StageProgress() {
  if (drawn_) std::fputs("\r\x1b[K", stderr);
}

void StageProgress::show(std::int64_t done, std::int64_t total, const std::string& detail) {
  const auto now = core::Clock::now();
  if (!on_terminal_ || now - last_ < kRedraw) return;
  last_ = now;
  drawn_ = true;
  const auto filled = static_cast<std::size_t>(kWidth * done / std::max<std::int64_t>(total, 1));
  std::string bar(static_cast<std::size_t>(kWidth), ' ');
  std::fill_n(bar.begin(), std::min(filled, bar.size()), '=');
  const std::string line = "\r" + stage_ + " [" + bar + "] " + model::with_thousands(done) + "/" +
                           model::with_thousands(total) + (detail.empty() ? "" : "  " + detail) + "\x1b[K";
  std::fputs(line.c_str(), stderr);
}

void stop_if_asked(const std::string& message) {
  const int signal = core::stop_signal();
  if (signal != 0) throw core::Interrupted(signal, message);
}

}  // namespace svhn::cli
