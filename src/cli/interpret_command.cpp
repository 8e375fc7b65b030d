#include "svhn/cli/commands.h"
#include "svhn/core/error.h"

namespace svhn::cli {

int run_interpret(const InterpretCommandOptions&, const GlobalOptions&) {
  throw core::Error(core::ExitCode::usage, "'interpret' is not part of this build", "see svhn --help");
}

}  // namespace svhn::cli
