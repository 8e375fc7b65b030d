#include "core/signals.h"

#include <atomic>
#include <csignal>

namespace svhn::core {
namespace {

// A signal handler can only use a static variable.
std::atomic<int> requested{0};
static_assert(std::atomic<int>::is_always_lock_free);

void record_signal(int signal) {
  requested.store(signal);
}

}  // namespace

void watch_stop_signals() {
  struct sigaction action {};
  action.sa_handler = record_signal;
  // SA_RESETHAND: a second Ctrl-C ends the process even during a long step.
  action.sa_flags = static_cast<int>(SA_RESTART | SA_RESETHAND);
  sigemptyset(&action.sa_mask);
  ::sigaction(SIGINT, &action, nullptr);
  ::sigaction(SIGTERM, &action, nullptr);
  // A shell and the terminal may each send one.
  action.sa_flags = SA_RESTART;
  if (!is_ignored(SIGHUP)) ::sigaction(SIGHUP, &action, nullptr);
}

bool is_ignored(int signal) {
  struct sigaction current {};
  return ::sigaction(signal, nullptr, &current) == 0 && current.sa_handler == SIG_IGN;
}

int stop_signal() {
  return requested.load(std::memory_order_relaxed);
}

}  // namespace svhn::core
