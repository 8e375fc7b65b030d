#include "cli/commands/completion.h"

#include "cli/command_line.h"
#include "cli/commands/commands.h"
#include "cli/completion/shell.h"
#include "cli/console.h"
#include "cli/program.h"
#include "core/error.h"

namespace svhn::cli {

void add_options(CLI::App& command, CompletionOptions& options) {
  command.add_option("shell", options.shell, "The shell")->check(CLI::IsMember(shell_names()))->required();
}

int run_command(const CompletionOptions& options, const GlobalOptions& /*global*/) {
  print_text(completion_script(find_shell(options.shell)));
  return 0;
}

void add_options(CLI::App& command, CompleteOptions& options) {
  command.fallthrough(false)->prefix_command();  // Words of another command line.
  options.command = &command;
}

int run_command(const CompleteOptions& options, const GlobalOptions& /*global*/) {
  std::vector<std::string> words = options.command->remaining();
  if (words.size() < 3) {
    throw core::Error(core::ExitCode::usage, "a shell, a head and words are needed",
                      "svhn completion prints the scripts that call this");
  }
  ShellQuestion question{find_shell(words[0]), words[1]};
  question.words.assign(words.begin() + 2, words.end());
  Program program(all_commands());
  print_bytes(shell_answer(program.app, std::move(question)));
  return 0;
}

}  // namespace svhn::cli
