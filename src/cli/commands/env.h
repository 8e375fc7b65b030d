#pragma once
/// `svhn env`: versions, processor, device.

#include "cli/command.h"

namespace svhn::cli {

struct EnvOptions {
  static constexpr CommandInfo kCommand{
      .name = "env",
      .description = "Print versions, processor features, threads, precision, device and BLAS",
      .example = "svhn env --json",
      .details = "Prints what svhn found on this machine. Attach it to reports of problems."};

  bool json = false;
};

void add_options(CLI::App& command, EnvOptions& options);
int run_command(const EnvOptions& options, const GlobalOptions& global);

}  // namespace svhn::cli
