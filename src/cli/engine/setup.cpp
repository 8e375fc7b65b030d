#include "cli/engine/setup.h"

#include <algorithm>
#include <cstdlib>
#include <exception>

#include "core/cores.h"
#include "core/memory.h"
#include "core/signals.h"

namespace svhn::cli {

Hardware set_up_hardware(const GlobalOptions& global) {
  core::watch_stop_signals();
  kernels::make_deterministic();
  kernels::keep_memory();
  const int threads = kernels::set_threads(global.threads);
  // Their absence is noticed here, and not by a library that would ask for them for ever.
  if (core::memory_limit()) kernels::reserve_blas_buffers(threads);
  return {threads, kernels::choose_device(global.device)};
}

int probe_memory(const char* threads, const char* processes) {
  constexpr std::int64_t kLeft = std::int64_t{128} << 20;  // Bytes for data, images and activations.
  try {
    int count = std::atoi(threads);
    if (count == 0) count = std::max(1, core::available_cores() / std::max(1, std::atoi(processes)));
    kernels::reserve_blas_buffers(kernels::set_threads(count));
    return torch::empty({kLeft}, torch::kUInt8).defined() ? 0 : 1;
  } catch (const std::exception&) {
    return 1;
  }
}

}  // namespace svhn::cli
