#pragma once
/// How far a long step is: one line that is redrawn on a terminal, nothing elsewhere.

#include <chrono>
#include <cstdint>
#include <string>

#include "cli/options.h"
#include "core/clock.h"

namespace svhn::cli {

class StageProgress {
 public:
  /// @param stage what is being done, e.g. "embeddings".
  StageProgress(const GlobalOptions& global, std::string stage);
  ~StageProgress();
  StageProgress(const StageProgress&) = delete;
  StageProgress& operator=(const StageProgress&) = delete;
  /// @param detail stands behind the numbers; may be empty.
  void show(std::int64_t done, std::int64_t total, const std::string& detail = {});

 private:
  std::string stage_;
  bool on_terminal_;
  bool drawn_ = false;
  core::Clock::time_point last_;
};

/// @throws core::Interrupted with this message when a signal has asked to stop.
void stop_if_asked(const std::string& message);

}  // namespace svhn::cli
