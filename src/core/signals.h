#pragma once
/// SIGINT and SIGTERM as a stop request that long loops check between two steps.

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

/// Installs handlers: the first SIGINT or SIGTERM is only recorded, a second one ends the process at once.
void watch_stop_signals();

/// @returns the recorded signal, or 0.
int stop_signal();

}  // namespace svhn::core
