#pragma once
/// `svhn __manuals`: writes the manual pages and completion scripts when svhn is built.

#include "cli/command.h"

namespace svhn::cli {

struct ManualsOptions {
  static constexpr CommandInfo kCommand{
      .name = "__manuals",
      .description = "Write the manual pages and the completion scripts as they are installed below share/",
      .example = "svhn __manuals build/manuals",
      .needs_engine = false,
      .hidden = true};

  OutputFolder folder;
};

void add_options(CLI::App& command, ManualsOptions& options);
int run_command(const ManualsOptions& options, const GlobalOptions& global);

}  // namespace svhn::cli
