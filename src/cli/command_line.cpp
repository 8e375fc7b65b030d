#include "cli/command_line.h"

namespace svhn::cli {

std::string refuse_negative(const std::string& text) {
  return text.starts_with('-') ? text + " is negative" : std::string();
}

void add_process_options(CLI::App& command, ProcessOptions& options) {
  constexpr int kMostProcesses = 256;
  constexpr double kLongest = 86'400.0;
  command
      .add_option("--nproc", options.count,
                  "Run as N processes of this machine, each with its share of the threads")
      ->check(CLI::Range(1, kMostProcesses));
  command.add_option(
      "--bind", options.bind,
      "Where processes on several machines listen: this machine's address or interface (or SVHN_BIND)");
  command.add_option("--timeout", options.timeout, "Seconds until a process that does not answer is lost")
      ->check(CLI::Range(1.0, kLongest))
      ->capture_default_str();
}

}  // namespace svhn::cli
