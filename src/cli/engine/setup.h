#pragma once
/// Threads and device of a command that needs LibTorch.

#include "cli/options.h"
#include "kernels/hardware.h"

namespace svhn::cli {

struct Hardware {
  int threads = 1;
  torch::Device device = torch::kCPU;
};

/// Installs the handlers of stop signals, makes LibTorch deterministic, sets the number of threads and
/// chooses the device. @throws core::Error(usage), core::Error(device)
Hardware set_up_hardware(const GlobalOptions& global);

/// For cli/engine_probe.h: sets up the threads and tries to allocate some memory.
/// @param threads `--threads`. @param processes `--nproc`. @returns the exit code.
int probe_memory(const char* threads, const char* processes);

}  // namespace svhn::cli
