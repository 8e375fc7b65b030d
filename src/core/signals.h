#pragma once
/// SIGINT, SIGTERM and SIGHUP as a stop request that long loops check between two steps.

#include <stdexcept>

namespace svhn::core {

/// Thrown after a stop signal, when the state is saved; `main` exits with 128 + signal.
class Interrupted : public std::runtime_error {
 public:
  /// @param signal the signal's number. @param message what was saved and how to resume.
  Interrupted(int signal, const std::string& message) : std::runtime_error(message), signal_(signal) {}
  [[nodiscard]] int signal() const { return signal_; }

 private:
  int signal_;
};

/// Installs handlers: the first SIGINT, SIGTERM or SIGHUP (a terminal that was closed) is only recorded. A
/// second SIGINT or SIGTERM ends the process at once. A SIGHUP that is ignored, as under nohup, stays
/// ignored.
void watch_stop_signals();

/// @returns whether this process ignores a signal.
bool is_ignored(int signal);

/// @returns the recorded signal, or 0.
int stop_signal();

}  // namespace svhn::core
