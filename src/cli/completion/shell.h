#pragma once
/// What bash, zsh and fish need for the completion of svhn's command lines. Each has a script that only asks
/// `svhn __complete SHELL HEAD WORDS...` and hands the answer on; its parts end in NUL, so that names of
/// files may have any other byte.

#include <string>
#include <vector>

#include "cli/completion/completion.h"

namespace svhn::cli {

enum class Shell { bash, zsh, fish };

/// @returns "bash", "zsh", "fish".
std::vector<std::string> shell_names();
/// @throws core::Error(usage) for another name.
Shell find_shell(const std::string& name);

/// @returns the script that a shell reads.
std::string completion_script(Shell shell);

/// What a shell asks.
struct ShellQuestion {
  Shell shell = Shell::bash;
  std::string head{};                ///< What the shell leaves out of the last word; bash: "--split=".
  std::vector<std::string> words{};  ///< Behind the program's name; of bash and fish the last one as typed.
};

/// @returns the answer, in the form that the shell's script reads.
std::string shell_answer(CLI::App& app, ShellQuestion question);

/// A word without its quotes.
struct PlainWord {
  std::string text{};
  bool expands =
      false;  ///< The shell would put something else in its place: it begins with ~ or has a $ or `.
};

/// Removes quotes as a shell does; those that are open yet are closed by the end. Nothing is expanded.
PlainWord unquoted(const std::string& typed, Shell shell);

}  // namespace svhn::cli
