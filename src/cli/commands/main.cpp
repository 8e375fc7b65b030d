/// The program `svhn`: runs light commands itself and replaces itself by `svhn-engine` for those that need
/// LibTorch or OpenCV.

#include <limits.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <optional>
#include <string>
#include <type_traits>

#include "cli/app.h"
#include "cli/commands/commands.h"
#include "cli/engine_probe.h"
#include "cli/launcher.h"
#include "core/error.h"
#include "core/launch.h"

namespace {

namespace fs = std::filesystem;
using svhn::core::Error;
using svhn::core::ExitCode;

/// @returns the path of `svhn-engine`: beside this program in a build folder, in ../libexec/svhn when
/// installed.
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

/// Sets what the engine's libraries read before its `main`.
void set_environment() {
  // OpenMP threads that spin while they wait are slow as soon as another process shares the cores. 2,000
  // spins of GCC's OpenMP take some 20 us, less than it takes to wake up a thread. The variables must be set
  // before the library is loaded. Values that the user has set are kept.
  if (::getenv("OMP_WAIT_POLICY") == nullptr) ::setenv("GOMP_SPINCOUNT", "2000", 0);
  ::setenv("OMP_WAIT_POLICY", "passive", 0);
}

/// Replaces this process by `svhn-engine` with the same arguments. Does not return on success.
int exec_engine(const fs::path& engine, char** argv) {
  ::execv(engine.c_str(), argv);
  throw Error(ExitCode::bug, "cannot start '" + engine.string() + "': " + std::strerror(errno),
              "build or install svhn again");
}

/// @returns the launch that `--nproc` asks for, or nothing for one process. @throws core::Error(usage)
std::optional<svhn::cli::LaunchPlan> local_launch(const svhn::cli::ProcessOptions& processes, bool tolerant) {
  if (processes.count <= 1) return std::nullopt;
  const auto launch =
      svhn::core::read_launch([](const char* name) { return std::getenv(name); }, processes.bind);
  if (launch.size > 1) {
    throw Error(
        ExitCode::usage,
        "--nproc is given in one of " + std::to_string(launch.size) + " processes that a launcher started",
        "use either --nproc or the launcher");
  }
  return svhn::cli::LaunchPlan{.processes = processes.count, .tolerant = tolerant};
}

/// Starts the engine in this process or in several children. @returns the exit code, in the parent.
int launch_engine(char** argv, const svhn::cli::GlobalOptions& global,
                  const std::optional<svhn::cli::LaunchPlan>& plan = {}) {
  const fs::path engine = engine_path();
  set_environment();
  svhn::cli::probe_engine(engine, global.threads, plan ? plan->processes : 1);
  const auto code = plan ? svhn::cli::launch_processes(*plan) : std::nullopt;
  return code ? *code : exec_engine(engine, argv);
}

}  // namespace

int main(int argc, char** argv) {
  using namespace svhn::cli;
  const auto run_here_or_there = [argv](const auto& options, const GlobalOptions& global) {
    constexpr CommandInfo kCommand = std::decay_t<decltype(options)>::kCommand;
    if constexpr (!kCommand.needs_engine) {
      return run_command(options, global);
    } else if constexpr (requires { options.processes; }) {
      return launch_engine(argv, global, local_launch(options.processes, kCommand.tolerates_losses));
    } else {
      return launch_engine(argv, global);
    }
  };
  return run(argc, argv, make_commands(Commands(), run_here_or_there));
}
