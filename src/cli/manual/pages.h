#pragma once
/// The manual pages, made from the program's own description of its commands.

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <string>
#include <vector>

#include "cli/command.h"

namespace svhn::cli {

struct ManualPage {
  std::string name;  ///< "svhn-config-check"
  std::string text;  ///< Troff with the macros of man(7).
};

/// @param app the program. @param commands the table that it was made of.
/// @returns the page of the program, and one of each command and subcommand that is not hidden.
std::vector<ManualPage> manual_pages(const CLI::App& app, const std::vector<Command>& commands);

}  // namespace svhn::cli
