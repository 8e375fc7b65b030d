#include "svhn/cli/commands.h"
#include "svhn/core/error.h"

namespace svhn::cli {

int run_convert(const ConvertOptions&, const GlobalOptions&) {
  throw core::Error(core::ExitCode::usage, "'convert' is not part of this build", "see svhn --help");
}

}  // namespace svhn::cli
