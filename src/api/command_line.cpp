/// The command line as a function of the library: every command, with LibTorch and OpenCV.

#include <string_view>

#include "cli/app.h"
#include "cli/commands/commands.h"
#include "cli/engine/setup.h"
#include "svhn/svhn.h"

int svhn_command_line(int argc, const char* const* argv) noexcept {
  using namespace svhn::cli;
  if (argc == 4 && std::string_view(argv[1]) == "--probe") return probe_memory(argv[2], argv[3]);
  const auto run_here = [](const auto& options, const GlobalOptions& global) {
    return run_command(options, global);
  };
  return run(argc, argv, make_commands(Commands(), run_here));
}
