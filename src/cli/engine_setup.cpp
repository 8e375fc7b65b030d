#include "svhn/cli/engine_setup.h"

#include "core/signals.h"

namespace svhn::cli {

Hardware set_up_hardware(const GlobalOptions& global) {
  core::watch_stop_signals();
  compute::make_deterministic();
  compute::keep_memory();
  const int threads = compute::set_threads(global.threads);
  return {threads, compute::choose_device(global.device)};
}

}  // namespace svhn::cli
