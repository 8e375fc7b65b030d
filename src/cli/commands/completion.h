#pragma once
/// `svhn completion`: scripts that complete command lines in a shell, and `svhn __complete`, which they ask.

#include <string>

#include "cli/command.h"

namespace svhn::cli {

struct CompletionOptions {
  static constexpr CommandInfo kCommand{
      .name = "completion",
      .description = "Print the script that completes svhn's command lines in a shell",
      .example = "svhn completion bash > ~/.local/share/bash-completion/completions/svhn",
      .details =
          "The script asks svhn itself for what may stand next: commands, options, their values, keys of a "
          "config, names of configs, files by their endings. To use it at once: source <(svhn completion "
          "bash), source <(svhn completion zsh), or svhn completion fish | source.",
      .needs_engine = false};

  std::string shell;
};

void add_options(CLI::App& command, CompletionOptions& options);
int run_command(const CompletionOptions& options, const GlobalOptions& global);

struct CompleteOptions {
  static constexpr CommandInfo kCommand{
      .name = "__complete",
      .description = "Print what may stand in the last of the words: SHELL HEAD WORD...",
      .example = "svhn __complete fish '' evaluate --split ''",
      .needs_engine = false,
      .hidden = true};

  const CLI::App* command = nullptr;  ///< Keeps its words, which CLI11 does not read.
};

void add_options(CLI::App& command, CompleteOptions& options);
int run_command(const CompleteOptions& options, const GlobalOptions& global);

}  // namespace svhn::cli
