#include "svhn/cli/commands.h"
#include "svhn/core/error.h"

namespace svhn::cli {

int run_transfer(const TransferCommandOptions&, const GlobalOptions&) {
  throw core::Error(core::ExitCode::usage, "'transfer' is not part of this build", "see svhn --help");
}

}  // namespace svhn::cli
