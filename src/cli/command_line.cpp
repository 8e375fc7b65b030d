#include "cli/command_line.h"

namespace svhn::cli {

std::string refuse_negative(const std::string& text) {
  return text.starts_with('-') ? text + " is negative" : std::string();
}

CLI::App* add_command(CLI::App& app, const std::string& name, const std::string& description,
                      const std::string& example) {
  CLI::App* command = app.add_subcommand(name, description);
  command->fallthrough();
  command->footer("Example:\n  " + example);
  return command;
}

void add_global(CLI::App& app, GlobalOptions& global) {
  app.add_option("--threads", global.threads, "Processor threads; 0: all cores")->check(CLI::Range(0, 1024));
  app.add_option("--device", global.device, "auto, cpu, cuda or cuda:INDEX");
  app.add_option("--precision", global.precision, "auto, float32 or bfloat16")
      ->check(CLI::IsMember({"auto", "float32", "bfloat16"}));
  app.add_option("--log-level", global.log_level, "trace, debug, info, warning, error, critical or off");
  app.add_flag("--quiet", global.quiet, "Only warnings and errors on stderr");
}

void add_process_options(CLI::App* c, ProcessOptions& o) {
  constexpr int kMostProcesses = 256;
  constexpr double kLongest = 86'400.0;
  c->add_option("--nproc", o.count, "Run as N processes of this machine, each with its share of the threads")
      ->check(CLI::Range(1, kMostProcesses));
  c->add_option(
      "--bind", o.bind,
      "Where processes on several machines listen: this machine's address or interface (or SVHN_BIND)");
  c->add_option("--timeout", o.timeout, "Seconds until a process that does not answer is lost")
      ->check(CLI::Range(1.0, kLongest))
      ->capture_default_str();
}

}  // namespace svhn::cli
