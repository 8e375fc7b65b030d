#include "cli/engine/setup.h"

#include "core/signals.h"

namespace svhn::cli {

Hardware set_up_hardware(const GlobalOptions& global) {
  core::watch_stop_signals();
  kernels::make_deterministic();
  kernels::keep_memory();
  const int threads = kernels::set_threads(global.threads);
  return {threads, kernels::choose_device(global.device)};
}

}  // namespace svhn::cli
