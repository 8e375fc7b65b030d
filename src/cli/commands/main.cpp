/// The program `svhn`: runs light commands itself and loads its library, `libsvhn`, for those that need
/// LibTorch or OpenCV.

#include <dlfcn.h>

#include <array>
#include <cstdio>
#include <cstdlib>
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
#include "core/shipped.h"

namespace {

namespace fs = std::filesystem;
using svhn::core::Error;
using svhn::core::ExitCode;

constexpr const char* kHint = "build or install svhn again";

/// `svhn_command_line` of svhn.h.
using CommandLine = int (*)(int argc, const char* const* argv);

/// @returns the path of the library, which stands in the same place in a build folder as when installed.
fs::path library_path() {
  std::error_code error;
  const fs::path folder = fs::read_symlink("/proc/self/exe", error).parent_path();
  fs::path library = (folder / SVHN_LIBRARY).lexically_normal();
  if (fs::exists(library, error)) return library;
  throw Error(ExitCode::bug, "there is no library '" + library.string() + "'", kHint);
}

CommandLine load_library(const fs::path& path) {
  // Functions bound as they are called take some 25 ms less than all of them at once.
  void* const library = ::dlopen(path.c_str(), RTLD_LAZY | RTLD_LOCAL);
  void* const found = library == nullptr ? nullptr : ::dlsym(library, "svhn_command_line");
  if (found != nullptr) return reinterpret_cast<CommandLine>(found);
  throw Error(ExitCode::bug, "cannot load the library '" + path.string() + "': " + ::dlerror(), kHint);
}

/// Sets what the library's libraries read when they are loaded.
void set_environment() {
  // OpenMP threads that spin while they wait are slow as soon as another process shares the cores. 2,000
  // spins of GCC's OpenMP take some 20 us, less than it takes to wake up a thread. Values that the user has
  // set are kept.
  if (::getenv("OMP_WAIT_POLICY") == nullptr) ::setenv("GOMP_SPINCOUNT", "2000", 0);
  ::setenv("OMP_WAIT_POLICY", "passive", 0);
  // The archive that carries its libraries has a font, too, for systems without any.
  const auto fonts = svhn::core::shipped_file("fonts/fonts.conf");
  if (fonts && !fs::exists("/etc/fonts/fonts.conf")) ::setenv("FONTCONFIG_FILE", fonts->c_str(), 0);
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

/// Does nothing without a limit on memory; else sees whether the library gets along with it.
void probe(const fs::path& library, int threads, int processes) {
  const std::string thread_text = std::to_string(threads), process_text = std::to_string(processes);
  const std::array arguments{"svhn", "--probe", thread_text.c_str(), process_text.c_str()};
  svhn::cli::probe_engine(
      [&] { return load_library(library)(static_cast<int>(arguments.size()), arguments.data()); });
}

/// Runs the command line by the library, in this process or in several children. @returns the exit code.
int run_library(int argc, char** argv, const svhn::cli::GlobalOptions& global,
                const std::optional<svhn::cli::LaunchPlan>& plan = {}) {
  const fs::path library = library_path();
  set_environment();
  probe(library, global.threads, plan ? plan->processes : 1);
  const auto code = plan ? svhn::cli::launch_processes(*plan) : std::nullopt;
  return code ? *code : load_library(library)(argc, argv);
}

}  // namespace

int main(int argc, char** argv) {
  using namespace svhn::cli;
  const auto run_here_or_there = [argc, argv](const auto& options, const GlobalOptions& global) {
    constexpr CommandInfo kCommand = std::decay_t<decltype(options)>::kCommand;
    if constexpr (!kCommand.needs_engine) {
      return run_command(options, global);
    } else if constexpr (requires { options.processes; }) {
      return run_library(argc, argv, global, local_launch(options.processes, kCommand.tolerates_losses));
    } else {
      return run_library(argc, argv, global);
    }
  };
  const int code = run(argc, argv, make_commands(Commands(), run_here_or_there));
  if (code == 0) return 0;
  // Threads may still wait for a lost process: end without joining them.
  std::fflush(nullptr);
  std::_Exit(code);
}
