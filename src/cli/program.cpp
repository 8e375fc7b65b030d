#include "cli/program.h"

#include <memory>
#include <string>

#include "cli/command_line.h"
#include "cli/help.h"
#include "core/build_info.h"

namespace svhn::cli {
namespace {

void add_global(CLI::App& app, GlobalOptions& global) {
  app.add_option("--threads", global.threads, "Processor threads; 0: all cores")
      ->check(CLI::Range(0, 1024))
      ->capture_default_str();
  app.add_option("--device", global.device, "Where to compute: auto, cpu, cuda or cuda:INDEX")
      ->type_name("DEVICE")
      ->check(hint(HintKind::words, "auto cpu cuda"))
      ->capture_default_str();
  app.add_option("--precision", global.precision,
                 "Number format of matrix products; auto: bfloat16 for training convolutions where the "
                 "processor is fast at it")
      ->check(CLI::IsMember({"auto", "float32", "bfloat16"}))
      ->capture_default_str();
  app.add_option(
         "--log-level", global.log_level,
         "From which level on messages are printed: trace, debug, info, warning, error, critical or off")
      ->type_name("LEVEL")
      ->check(hint(HintKind::words, "trace debug info warning error critical off"))
      ->capture_default_str();
  app.add_flag("--quiet", global.quiet, "Print only warnings, errors and what was asked for");
}

/// @returns the names of the global options, for the help of the commands.
std::string global_names(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::Option* option : app.get_options()) {
    if (option != app.get_help_ptr() && option != app.get_version_ptr()) names.push_back(option->get_name());
  }
  return CLI::detail::join(names, ", ");
}

/// Adds a command and its subcommands. Parsing sets `chosen` to what runs the given one.
void add_command(CLI::App& parent, const Command& command, Action& chosen) {
  CLI::App* added = parent.add_subcommand(command.info.name, command.info.description);
  added->fallthrough();
  if (command.info.hidden) added->group("");
  const CLI::App* root = &parent;
  while (root->get_parent() != nullptr) root = root->get_parent();
  added->footer(std::string("Example:\n  ") + command.info.example +
                "\n\nOptions of every command, see svhn --help: " + global_names(*root));
  if (!command.subcommands.empty()) added->require_subcommand(1);
  for (const Command& subcommand : command.subcommands) add_command(*added, subcommand, chosen);
  if (!command.add_options) return;
  added->callback([&chosen, added, action = command.add_options(*added)] {
    chosen = [added, action](const GlobalOptions& global) {
      guard_paths(*added);
      return action(global);
    };
  });
}

}  // namespace

Program::Program(const std::vector<Command>& commands)
    : app("svhn: train, evaluate and explain digit classifiers on Street View House Numbers", "svhn") {
  app.set_version_flag("--version", "svhn " + core::version());
  app.footer(
      "Example:\n  svhn preprocess --synthetic 8000 --output data/svhn.safetensors\n  svhn train --config "
      "configs/smoke.json");
  app.formatter(std::make_shared<HelpFormatter>());
  app.require_subcommand(1);
  add_global(app, global);
  for (const Command& command : commands) add_command(app, command, chosen);
}

std::vector<CLI::App*> visible_commands(CLI::App& app) {
  return app.get_subcommands([](const CLI::App* command) { return !command->get_group().empty(); });
}

std::vector<const CLI::App*> visible_commands(const CLI::App& app) {
  return app.get_subcommands([](const CLI::App* command) { return !command->get_group().empty(); });
}

}  // namespace svhn::cli
