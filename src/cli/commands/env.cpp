#include "cli/commands/env.h"

#include "cli/command_line.h"

namespace svhn::cli {

void add_options(CLI::App& command, EnvOptions& options) {
  command.add_flag("--json", options.json, "One JSON document on stdout");
}

}  // namespace svhn::cli
