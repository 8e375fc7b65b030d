#include "svhn/cli/commands.h"
#include "svhn/core/error.h"

namespace svhn::cli {

int run_predict(const PredictCommandOptions&, const GlobalOptions&) {
  throw core::Error(core::ExitCode::usage, "'predict' is not part of this build", "see svhn --help");
}

}  // namespace svhn::cli
