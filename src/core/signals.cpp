#include "core/signals.h"

#include <atomic>
#include <csignal>

namespace svhn::core {
namespace {

// A signal handler can reach nothing but a static; this is the one of the project.
std::atomic<int> requested{0};
static_assert(std::atomic<int>::is_always_lock_free);

void remember(int signal) {
  requested.store(signal);
}

}  // namespace

void watch_stop_signals() {
  struct sigaction action {};
  action.sa_handler = remember;
  // RESETHAND: an impatient second Ctrl-C must work even where a step takes long.
  action.sa_flags = static_cast<int>(SA_RESTART | SA_RESETHAND);
  sigemptyset(&action.sa_mask);
  ::sigaction(SIGINT, &action, nullptr);
  ::sigaction(SIGTERM, &action, nullptr);
}

int stop_signal() {
  return requested.load(std::memory_order_relaxed);
}

}  // namespace svhn::core
