#include "svhn/cli/commands.h"
#include "svhn/core/error.h"

namespace svhn::cli {

int run_tune(const TuneCommandOptions&, const GlobalOptions&) {
  throw core::Error(core::ExitCode::usage, "'tune' is not part of this build", "see svhn --help");
}

}  // namespace svhn::cli
