/// The program `svhn-engine`: every command, with LibTorch and OpenCV. `svhn` starts it.

#include <cstdio>
#include <cstdlib>
#include <string_view>

#include "cli/app.h"
#include "cli/commands/commands.h"
#include "cli/engine/setup.h"

int main(int argc, char** argv) {
  using namespace svhn::cli;
  if (argc == 4 && std::string_view(argv[1]) == "--probe") std::_Exit(probe_memory(argv[2], argv[3]));
  const auto run_here = [](const auto& options, const GlobalOptions& global) {
    return run_command(options, global);
  };
  const int code = run(argc, argv, make_commands(Commands(), run_here));
  if (code == 0) return 0;
  // Threads may still wait for a lost process: end without joining them.
  std::fflush(nullptr);
  std::_Exit(code);
}
