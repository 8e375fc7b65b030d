#pragma once
/// What every command of the engine program does first.

#include "cli/options.h"
#include "kernels/hardware.h"

namespace svhn::cli {

struct Hardware {
  int threads = 1;
  torch::Device device = torch::kCPU;
};

/// Watches stop signals, sets the threads and finds the device. @throws core::Error usage, device
Hardware set_up_hardware(const GlobalOptions& global);

}  // namespace svhn::cli
