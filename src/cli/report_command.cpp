#include "svhn/cli/commands.h"
#include "svhn/core/error.h"

namespace svhn::cli {

int run_report(const ReportCommandOptions&, const GlobalOptions&) {
  throw core::Error(core::ExitCode::usage, "'report' is not part of this build", "see svhn --help");
}

}  // namespace svhn::cli
