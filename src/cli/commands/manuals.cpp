#include "cli/commands/manuals.h"

#include "cli/command_line.h"
#include "cli/commands/commands.h"
#include "cli/completion/shell.h"
#include "cli/manual/pages.h"
#include "cli/program.h"
#include "core/file.h"

namespace svhn::cli {

void add_options(CLI::App& command, ManualsOptions& options) {
  add_path(command, "folder", options.folder, "The folder that is written into")->required();
}

int run_command(const ManualsOptions& options, const GlobalOptions& /*global*/) {
  const auto write = [&options](const std::string& path, const std::string& text) {
    core::write_text_file(options.folder / path, text, core::ExitCode::data);
  };
  const auto commands = all_commands();
  const Program program(commands);
  for (const ManualPage& page : manual_pages(program.app, commands))
    write("man/man1/" + page.name + ".1", page.text);
  write("bash-completion/completions/svhn", completion_script(Shell::bash));
  write("zsh/site-functions/_svhn", completion_script(Shell::zsh));
  write("fish/vendor_completions.d/svhn.fish", completion_script(Shell::fish));
  return 0;
}

}  // namespace svhn::cli
