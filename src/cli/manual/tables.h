#pragma once
/// What the manual pages say besides the options.

#include <span>
#include <string>

namespace svhn::cli {

/// A row of a page.
struct ManualRow {
  const char* name;
  const char* text;
  /// It stands in the pages of commands with this option; "": in that of the program alone.
  const char* option = "";
};

/// @returns the exit codes of core::ExitCode, and that of a signal.
std::span<const ManualRow> manual_exit_codes();
std::span<const ManualRow> manual_environment();
std::span<const ManualRow> manual_files();

}  // namespace svhn::cli
