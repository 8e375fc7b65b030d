#pragma once
/// SIGINT and SIGTERM as a request to stop that long loops look at between two steps.

#include <stdexcept>

namespace svhn::core {

/// Thrown after an orderly save when a signal asked to stop; `main` exits with 128 + signal.
class Interrupted : public std::runtime_error {
 public:
  /// @param signal the signal's number. @param message what was saved and how to go on.
  Interrupted(int signal, const std::string& message) : std::runtime_error(message), signal_(signal) {}
  [[nodiscard]] int signal() const { return signal_; }

 private:
  int signal_;
};

/// From now on the first SIGINT or SIGTERM is only remembered; a second one ends the process at once.
void watch_stop_signals();

/// @returns the signal that asked to stop, or 0.
int stop_signal();

}  // namespace svhn::core
