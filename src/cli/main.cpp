/// The program `svhn`: runs light commands itself and becomes the engine program for those that need
/// LibTorch.

#include <limits.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>

#include "svhn/cli/app.h"
#include "svhn/core/error.h"

namespace {

namespace fs = std::filesystem;
using svhn::core::Error;
using svhn::core::ExitCode;

/// Beside this program in a build folder, in ../libexec/svhn when installed.
fs::path engine_path() {
  std::error_code error;
  const fs::path self = fs::read_symlink("/proc/self/exe", error);
  const fs::path folder = self.parent_path();
  for (const fs::path& candidate :
       {folder / "svhn-engine", folder.parent_path() / "libexec" / "svhn" / "svhn-engine"}) {
    if (fs::exists(candidate, error)) return candidate;
  }
  throw Error(ExitCode::bug, "the engine program 'svhn-engine' is not beside '" + self.string() + "'",
              "build or install svhn again");
}

/// @returns never on success: this process becomes the engine, with the same arguments.
int become_engine(char** argv) {
  const fs::path engine = engine_path();
  // Threads that spin while they wait slow everything down as soon as another process shares the cores, and
  // the variable must be there before the OpenMP library is loaded. A value that the user set stays.
  ::setenv("OMP_WAIT_POLICY", "passive", 0);
  ::execv(engine.c_str(), argv);
  throw Error(ExitCode::bug, "cannot start '" + engine.string() + "': " + std::strerror(errno),
              "build or install svhn again");
}

}  // namespace

int main(int argc, char** argv) {
  const auto engine = [argv](const auto&, const svhn::cli::GlobalOptions&) { return become_engine(argv); };
  return svhn::cli::run(argc, argv,
                        {engine, engine, engine, engine, engine, engine, engine, engine, engine, engine});
}
