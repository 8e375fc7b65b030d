#pragma once
/// The words of a command line before the one that is completed, read as CLI11 reads them.

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <cstddef>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "cli/hints.h"

namespace svhn::cli {

struct Line {
  CLI::App* command = nullptr;                                ///< The innermost command.
  std::map<CLI::Option*, std::vector<std::string>> values{};  ///< Of the options and positionals so far.
  CLI::Option* open = nullptr;                                ///< The option that takes the next word,
  bool needs_value = false;                                   ///< or may take it.
  bool positionals_only = false;                              ///< Behind "--".
  std::size_t positionals = 0;                                ///< How many there were.
};

/// @param app the program. @param words those behind the program's name.
Line read_line(CLI::App& app, std::span<const std::string> words);

/// @returns the option of that name ("--split") of a command or of those above it; nullptr if there is none.
CLI::Option* find_option(CLI::App* command, const std::string& name);
/// @returns the next positional; nullptr if there is none.
CLI::Option* next_positional(const Line& line);
/// @returns the first value of an option with a hint of this kind, if the line has one.
std::optional<std::string> value_of(const Line& line, HintKind kind);

}  // namespace svhn::cli
